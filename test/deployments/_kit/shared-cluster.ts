/** A cluster's own objects, of each kind that agents write to: of ours, of others, and of both. */
const API = { apiVersion: "gateway.networking.k8s.io/v1" };
const IN = { namespace: "default" };
const rule = (host: string) => ({
  host,
  http: {
    paths: [
      {
        path: "/",
        pathType: "Prefix",
        backend: { service: { name: "web", port: { number: 80 } } },
      },
    ],
  },
});
const ingress = (name: string, ingressClassName: string): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name, ...IN },
  spec: { ingressClassName, rules: [rule(`${name}.example.com`)] },
});
const service = (name: string): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, ...IN },
  spec: { ports: [{ port: 80 }] },
});
const route = (name: string, to = "web"): object => ({
  ...API,
  kind: "HTTPRoute",
  metadata: { name, ...IN },
  spec: {
    parentRefs: [{ name: "edge" }],
    hostnames: [`${name}.example.com`],
    rules: [{ backendRefs: [{ name: to, port: 80 }] }],
  },
});
const gatewayClass = (name: string, controllerName: string): object => ({
  ...API,
  kind: "GatewayClass",
  metadata: { name },
  spec: { controllerName },
});
const edge = (name: string, gatewayClassName: string): object => ({
  ...API,
  kind: "Gateway",
  metadata: { name, ...IN },
  spec: { gatewayClassName, listeners: [{ name: "http", port: 80, protocol: "HTTP" }] },
});
/** Of each kind what an agent writes to, and what others do. */
export const OBJECTS: readonly object[] = [
  service("web"),
  service("secure"),
  ingress("mine", "warren"),
  ingress("theirs", "nginx"),
  gatewayClass("own", "warren.dev/gateway"),
  gatewayClass("other", "example.com/gateway"),
  edge("edge", "own"),
  edge("late", "warren"),
  edge("theirs", "other"),
  route("one"),
  route("two"),
  route("three", "secure"),
  {
    ...API,
    kind: "ListenerSet",
    metadata: { name: "more", ...IN },
    spec: {
      parentRef: { name: "edge" },
      listeners: [{ name: "http", port: 80, protocol: "HTTP" }],
    },
  },
  {
    ...API,
    kind: "BackendTLSPolicy",
    metadata: { name: "verified", ...IN },
    spec: {
      targetRefs: [{ group: "", kind: "Service", name: "secure" }],
      validation: { hostname: "secure.example.com", wellKnownCACertificates: "System" },
    },
  },
];
const CONDITION = {
  type: "Accepted",
  status: "True",
  reason: "Accepted",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};
const parent = {
  parentRef: { name: "other" },
  controllerName: "example.com/gateway",
  conditions: [CONDITION],
};
/** What the other controllers said of theirs, by object. */
export const THEIRS: readonly [string, object][] = [
  ["ingress/theirs", { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } }],
  ["gateway/theirs", { conditions: [CONDITION] }],
  ["gatewayclass/other", { conditions: [CONDITION] }],
  ["httproute/two", { parents: [parent] }],
];
