import type { Measure } from "../measure.ts";
import { sampleOf } from "../sample-of.ts";

/** What `bench/ingress-sync.ts` prints. */
export const ingressSync: Measure = {
  name: "ingress sync",
  sample: () => sampleOf("ingress-sync.ts", ["Ingress"]),
};
export const httpRouteSync: Measure = {
  name: "HTTPRoute sync",
  sample: () => sampleOf("ingress-sync.ts", ["HTTPRoute"]),
};
/** What `bench/kube-times.ts` prints. */
export const kubeTimes: Measure = {
  name: "Kubernetes",
  sample: () => sampleOf("kube-times.ts", []),
};
