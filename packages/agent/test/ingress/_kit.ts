// Small clusters for the tests of this folder: objects as an API server gives them.
import { placesOf, STRICT_TLS, type Target } from "../../src/target.ts";
import type { ClusterView, ControllerTarget, PublicEndpoint } from "../../src/kube/cluster-view.ts";
import type {
  EndpointSlice,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressPath,
  Service,
} from "../../src/kube/objects.ts";
import { ForbiddenPlaces } from "../../src/kube/forbidden-places.ts";
import { WARREN_CONTROLLER, type IngressSelection } from "../../src/kube/ingress/select.ts";
import { translateIngress, type IngressContext } from "../../src/kube/ingress/translate.ts";

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

export const path = (
  at = "/",
  pathType: IngressPath["pathType"] = "Prefix",
  to: IngressBackend = backend(),
): IngressPath => ({
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

/** Where agents in tests reach the API. */
export const SERVER = new URL("https://10.96.0.1");

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
  const found = (namespace: string, name: string) =>
    has.services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const endpoints = (_namespace: string, name: string) =>
    has.slices.filter((one) => one.metadata.labels?.["kubernetes.io/service-name"] === name);
  const places = new ForbiddenPlaces({
    server: SERVER,
    service: found("default", "kubernetes"),
    slices: endpoints("default", "kubernetes"),
    isHidden: false,
    before: undefined,
  });
  return {
    service: found,
    endpoints,
    forbidden: (namespace, name) => places.why(found(namespace, name), endpoints(namespace, name)),
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

function dialled(target: Target): string {
  return placesOf(target)
    .map(({ host, port }) => `${host}:${port}`)
    .join();
}

export const translate = (
  given: Ingress,
  has: Partial<Cluster> = {},
  more: Partial<Omit<IngressContext, "view">> = {},
) => {
  const { publications, problems, ...rest } = translateIngress(given, contextOf(has, more));
  return {
    ...rest,
    problems,
    reasons: problems.map(({ reason }) => reason),
    routes: publications.map(({ route }) => route),
    places: publications.map(
      ({ route, targets: [target] }) =>
        `${route.host} ${route.path_type} ${route.path} -> ${target!.protocol}://${dialled(target!)}`,
    ),
  };
};

export const annotated = (annotations: Record<string, string>, spec: Ingress["spec"] = {}) =>
  ingress(spec, { annotations });
export const rules = (...paths: ReturnType<typeof path>[]) => ({
  rules: [{ host: "shop.test", http: { paths } }],
});
export const nginx = (spec: Ingress["spec"] = {}, annotations = {}) =>
  ingress({ ingressClassName: "nginx", ...spec }, { annotations });
export const onNginx = { controllers: { nginx: NGINX } };
export const WEB = "http://10.0.0.1:80";

export const classless = (annotations: Record<string, string> = {}): Ingress => {
  const given = annotated(annotations);
  delete given.spec!.ingressClassName;
  return given;
};
