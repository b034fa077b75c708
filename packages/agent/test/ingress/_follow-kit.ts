// An agent's part in a cluster, on an API server that a test plays, and gateways that it plays too.
import { promMetrics, systemClock } from "@warren/host";
import { openAccess, SERVICES, type Draft, type Ingress, type KubeAccess } from "@warren/host/kube";
import { recordingLog, startKubeApi, type KubeApi } from "@warren/host/testing";
import type { RegisterSuccess } from "@warren/wire";
import { expect } from "vitest";
import { agentDefaults, kubeSettings, Published, type KubeSettings } from "../../src/index.ts";
import { followCluster } from "../../src/kube/start-kube.ts";
import { STRICT_TLS } from "../../src/target.ts";

/** As an agent in a pod of `default` has them, which publishes by its tunnel alone. */
const SETTINGS = kubeSettings(
  { ...agentDefaults, kube: "on", kubeMode: "tunnel", podNamespace: "default" },
  { host: undefined, port: undefined },
)!;
/** One gateway is enough. */
export const GATEWAY = {};

/** Of class warren, at a.test, unless said otherwise. */
export function ingressOf(
  name: string,
  more: Partial<NonNullable<Ingress["spec"]>> = {},
): Draft<Ingress> {
  const backend = { service: { name: "web", port: { number: 80 } } };
  return {
    metadata: { name, namespace: "default" },
    spec: {
      ingressClassName: "warren",
      rules: [{ host: "a.test", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
      ...more,
    },
  };
}

/** An API server with the Service `web` that Ingresses of `ingressOf` lead to. */
export async function startCluster(owned: AsyncDisposableStack): Promise<KubeApi> {
  const api = owned.use(await startKubeApi());
  const spec = { clusterIP: "10.0.0.1", ports: [{ port: 80 }] };
  api.put({ metadata: { name: "web", namespace: "default" }, spec }, SERVICES);
  return api;
}

export type Following = ReturnType<typeof followOn>;

type Given = Partial<KubeSettings> & { gateway?: string };

/** An agent that follows the cluster of `api` until `owned` is disposed. */
export const followOn = (api: KubeApi, owned: AsyncDisposableStack, given: Given = {}) =>
  follow(openAccess(api.url), owned, given);

/** The same of any cluster. */
export function follow(
  access: KubeAccess,
  owned: AsyncDisposableStack,
  { gateway = "wss://gateway.test", ...settings }: Given,
) {
  const log = recordingLog();
  const source = owned.use(
    followCluster(
      { ...SETTINGS, ...settings },
      {
        agentId: "agent-0",
        version: "1.2.3",
        log,
        metrics: promMetrics(),
        clock: systemClock,
        wallClock: Date.now,
        random: () => 0.5,
        tls: STRICT_TLS,
        connectTimeoutMs: 1_000,
        gateways: [gateway],
      },
      access,
    ),
  );
  const published = new Published(source.voice);
  // Nobody leads without a gateway.
  source.connected(true);
  source.start(published);
  const there = (key: string) => expect.poll(() => published.has(key), { interval: 5 }).toBe(true);
  /** Resolves when the route is there, and then a gateway judges it. */
  const judge = async (verdict: Parameters<Published["verdicts"]["say"]>[2], key: string) => {
    await there(key);
    published.verdicts.say(GATEWAY, key, verdict);
  };
  const named = (names: string[]) => source.registered({ names } as RegisterSuccess, gateway);
  return { published, judge, named, there, log };
}
