// Small clusters for the tests of this folder: objects as an API server gives them.
import { STRICT_TLS } from "../../target.ts";
import type { ClusterView, ControllerTarget, PublicEndpoint } from "../cluster-view.ts";
import type { EndpointSlice, Ingress, IngressClass, Service } from "../objects.ts";
import { WARREN_CONTROLLER, type IngressSelection } from "./select.ts";
import type { IngressContext } from "./translate.ts";

export const meta = (name: string, more: Partial<Ingress["metadata"]> = {}) => ({
  name,
  namespace: "default",
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2024-01-01T00:00:00Z",
  ...more,
});

export const service = (
  name: string,
  spec: Service["spec"] = {},
  namespace = "default",
): Service => ({
  metadata: meta(name, { namespace }),
  spec: { clusterIP: "10.0.0.1", ports: [{ name: "http", port: 80 }], ...spec },
});

export const classOf = (name: string, controller: string, isDefault = false): IngressClass => ({
  metadata: meta(name, {
    annotations: isDefault ? { "ingressclass.kubernetes.io/is-default-class": "true" } : {},
  }),
  spec: { controller },
});

export const backend = (name = "web", port: number | string = 80) => ({
  service: { name, port: typeof port === "number" ? { number: port } : { name: port } },
});

export const path = (at = "/", pathType = "Prefix", to = backend()) => ({
  path: at,
  pathType,
  backend: to,
});

/** Of class warren, with one host and one path, unless said otherwise. */
export function ingress(
  spec: Ingress["spec"] = {},
  more: Partial<Ingress["metadata"]> = {},
): Ingress {
  return {
    metadata: meta("shop", more),
    spec: {
      ingressClassName: "warren",
      rules: [{ host: "shop.test", http: { paths: [path()] } }],
      ...spec,
    },
  };
}

export interface Cluster {
  services: Service[];
  slices: EndpointSlice[];
  classes: IngressClass[];
  /** By class name; "" is that of objects without one. */
  controllers: Record<string, ControllerTarget>;
  mode: ClusterView["mode"];
  endpoint: PublicEndpoint | undefined;
}

export const NGINX: ControllerTarget = {
  namespace: "ingress-nginx",
  name: "ingress-nginx-controller",
  type: "nginx",
  host: "10.0.9.9",
  httpPort: 80,
  httpsPort: 443,
};

export function cluster(given: Partial<Cluster> = {}): ClusterView {
  const has: Cluster = {
    services: [service("web"), service("api", { ports: [{ name: "grpc", port: 9_000 }] })],
    slices: [],
    classes: [classOf("warren", WARREN_CONTROLLER), classOf("nginx", "k8s.io/ingress-nginx")],
    controllers: {},
    mode: "tunnel",
    endpoint: undefined,
    ...given,
  };
  const isAt = (namespace: string, name: string) => (one: Service) =>
    one.metadata.namespace === namespace && one.metadata.name === name;
  return {
    service: (namespace, name) => has.services.find(isAt(namespace, name)),
    endpoints: (_namespace, name) =>
      has.slices.filter((one) => one.metadata.labels?.["kubernetes.io/service-name"] === name),
    ingressClass: (name) => has.classes.find((one) => one.metadata.name === name),
    defaultIngressClass: () =>
      has.classes.find(
        ({ metadata }) =>
          metadata.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true",
      ),
    controller: (className) => has.controllers[className ?? ""],
    secret: undefined,
    mode: has.mode,
    endpoint: has.endpoint,
  };
}

export const EVERYTHING: IngressSelection = {
  select: "all",
  className: "warren",
  namespaces: undefined,
};

export function contextOf(
  given: Partial<Cluster> = {},
  more: Partial<Omit<IngressContext, "view">> = {},
): IngressContext {
  return {
    view: cluster(given),
    selection: EVERYTHING,
    names: [],
    tls: STRICT_TLS,
    connectTimeoutMs: 10_000,
    ...more,
  };
}
