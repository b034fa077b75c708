import { INGRESSES, SERVICES } from "@warren/host/kube";
import type { KubeApi } from "@warren/host/testing";
import {
  GATEWAY_CLASSES,
  GATEWAYS,
  ROUTES,
} from "../packages/agent/src/kube/gateway-api/resources.ts";

/** A kind of object that an agent publishes: the n-th leads host `h<n>.bench.test` to Service `web-<n>`. */
export interface PublishedKind {
  /** What else has to be there. */
  prepare(api: KubeApi): void;
  put(api: KubeApi, n: number, at: { path: string; port: number }): void;
  /** Resolves when an agent has written what it has to say of the n-th as it is now. */
  settled(api: KubeApi, n: number): Promise<unknown>;
}

const NAMESPACE = "default";
const ROUTE = ROUTES.HTTPRoute.versions[0];

const ingress: PublishedKind = {
  prepare() {},
  put(api, n, { path, port }) {
    const backend = { service: { name: `web-${n}`, port: { number: port } } };
    const paths = [{ path, pathType: "Prefix" as const, backend }];
    const rules = [{ host: `h${n}.bench.test`, http: { paths } }];
    api.put({ metadata: { name: `i${n}`, namespace: NAMESPACE }, spec: { rules } }, INGRESSES);
  },
  // Of a class that is not Warren's: nothing is written.
  settled: () => Promise.resolve(),
};

const httpRoute: PublishedKind = {
  prepare(api) {
    for (const { versions } of [GATEWAY_CLASSES, GATEWAYS, ...Object.values(ROUTES)])
      api.serve(versions[0]);
    const controllerName = "warren.dev/gateway";
    api.put(
      { metadata: { name: "warren" }, spec: { controllerName } },
      GATEWAY_CLASSES.versions[0],
    );
    const listeners = [{ name: "http", port: 80, protocol: "HTTP" }];
    const spec = { gatewayClassName: "warren", listeners };
    api.put({ metadata: { name: "edge", namespace: NAMESPACE }, spec }, GATEWAYS.versions[0]);
  },
  put(api, n, { path, port }) {
    const name = { namespace: NAMESPACE, name: `i${n}` };
    const rule = {
      matches: [{ path: { value: path } }],
      backendRefs: [{ name: `web-${n}`, port }],
    };
    const spec = { parentRefs: [{ name: "edge" }], hostnames: [`h${n}.bench.test`], rules: [rule] };
    // As `kubectl apply` does, which leaves the status to its writers.
    const status = api.get(ROUTE, name)?.status;
    api.put({ metadata: name, spec, ...(status && { status }) }, ROUTE);
  },
  settled: (api, n) =>
    api.until(() => {
      const { metadata, status } = api.get(ROUTE, { namespace: NAMESPACE, name: `i${n}` })!;
      const [said] = status?.parents?.[0]?.conditions ?? [];
      return said?.observedGeneration === metadata.generation;
    }),
};

export const PUBLISHED_KINDS: Readonly<Record<string, PublishedKind>> = {
  Ingress: ingress,
  HTTPRoute: httpRoute,
};

export function putService(
  api: KubeApi,
  n: number,
  { clusterIP, port, targetPort }: { clusterIP: string; port: number; targetPort: number },
): void {
  const spec = { clusterIP, ports: [{ port, targetPort }] };
  api.put({ metadata: { name: `web-${n}`, namespace: NAMESPACE }, spec }, SERVICES);
}
