import type { ObjectMeta } from "../objects.ts";

/**
 * Gateway API v1 (gateway.networking.k8s.io, releases 1.0 to 1.7), the fields that are read. What the
 * API server's validation promises is not relied upon: older bundles promise less.
 */
export const GROUP = "gateway.networking.k8s.io";
/** Of kinds that are experiments. */
export const X_GROUP = "gateway.networking.x-k8s.io";

/** metav1.Condition. */
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  observedGeneration?: number;
  /** RFC 3339, of the last change of `status`. */
  lastTransitionTime: string;
}

export interface GatewayClass {
  metadata: ObjectMeta;
  spec: {
    controllerName: string;
    parametersRef?: { group: string; kind: string; name: string; namespace?: string };
  };
  status?: { conditions?: Condition[]; supportedFeatures?: { name: string }[] };
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface SecretReference {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
}

export interface RouteGroupKind {
  group?: string;
  kind: string;
}

export interface Listener {
  name: string;
  hostname?: string;
  port: number;
  protocol: string;
  tls?: {
    mode?: string;
    certificateRefs?: SecretReference[];
    options?: Record<string, string>;
    /** Of bundles before 1.5. */
    frontendValidation?: object;
  };
  allowedRoutes?: {
    namespaces?: { from?: string; selector?: LabelSelector };
    kinds?: RouteGroupKind[];
  };
  filters?: { requests?: object[] };
}

export interface GatewayAddress {
  type?: string;
  value?: string;
}

export interface ListenerStatus {
  name: string;
  supportedKinds: RouteGroupKind[];
  attachedRoutes: number;
  conditions: Condition[];
}

export interface Gateway {
  metadata: ObjectMeta;
  spec: {
    gatewayClassName: string;
    listeners: Listener[];
    addresses?: GatewayAddress[];
    infrastructure?: {
      labels?: Record<string, string>;
      annotations?: Record<string, string>;
      parametersRef?: { group: string; kind: string; name: string };
    };
    allowedListeners?: { namespaces?: { from?: string } };
    /** Of the experimental channel. */
    defaultScope?: string;
    tls?: {
      backend?: { clientCertificateRef?: SecretReference };
      frontend?: { default?: TlsFrontend; perPort?: { port: number; tls?: TlsFrontend }[] };
    };
  };
  status?: {
    addresses?: GatewayAddress[];
    conditions?: Condition[];
    listeners?: ListenerStatus[];
  };
}
export interface TlsFrontend {
  validation?: object;
}

export interface ParentReference {
  group?: string;
  kind?: string;
  namespace?: string;
  name: string;
  sectionName?: string;
  port?: number;
}

export interface ParentStatus {
  parentRef: ParentReference;
  controllerName: string;
  conditions: Condition[];
}

export interface BackendReference {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  port?: number;
  weight?: number;
  filters?: RouteFilter[];
}

export interface NamedMatch {
  type?: string;
  name: string;
  value: string;
}

export interface HeaderModifier {
  set?: { name: string; value: string }[];
  add?: { name: string; value: string }[];
  remove?: string[];
}

export interface PathModifier {
  type: string;
  replaceFullPath?: string;
  replacePrefixMatch?: string;
}

/** An HTTPRouteFilter or GRPCRouteFilter. */
export interface RouteFilter {
  type: string;
  requestHeaderModifier?: HeaderModifier;
  responseHeaderModifier?: HeaderModifier;
  requestRedirect?: {
    scheme?: string;
    hostname?: string;
    port?: number;
    path?: PathModifier;
    statusCode?: number;
  };
  urlRewrite?: { hostname?: string; path?: PathModifier };
}

export interface HttpMatch {
  path?: { type?: string; value?: string };
  headers?: NamedMatch[];
  queryParams?: NamedMatch[];
  method?: string;
}

export interface GrpcMatch {
  method?: { type?: string; service?: string; method?: string };
  headers?: NamedMatch[];
}

/** A rule of any kind of route; tls and tcp rules have backends alone. */
export interface RouteRule<M = HttpMatch | GrpcMatch> {
  name?: string;
  matches?: M[];
  filters?: RouteFilter[];
  backendRefs?: BackendReference[];
  timeouts?: { request?: string; backendRequest?: string };
  retry?: { attempts?: number; codes?: number[]; backoff?: string };
  sessionPersistence?: object;
}

/** A route of any kind. */
export interface RouteObject<M = HttpMatch | GrpcMatch> {
  metadata: ObjectMeta;
  spec: { parentRefs?: ParentReference[]; hostnames?: string[]; rules?: RouteRule<M>[] };
  status?: { parents?: ParentStatus[] };
}

export interface ReferenceGrant {
  metadata: ObjectMeta;
  spec: {
    from: { group: string; kind: string; namespace: string }[];
    to: { group: string; kind: string; name?: string }[];
  };
}

/** core/v1 Namespace. */
export interface Namespace {
  metadata: ObjectMeta;
}

/** A ListenerSet, or an XListenerSet: read to be told that no Gateway takes it. */
export interface ListenerSet {
  metadata: ObjectMeta;
  spec: { parentRef?: ParentReference };
  status?: { conditions?: Condition[] };
}

/** Read to know that it is there, and to be told that its demands are not met (docs/gateway-api.md). */
export interface BackendTlsPolicy {
  metadata: ObjectMeta;
  spec: { targetRefs: { group: string; kind: string; name: string; sectionName?: string }[] };
  status?: { ancestors?: PolicyAncestorStatus[] };
}
export interface PolicyAncestorStatus {
  ancestorRef: ParentReference;
  controllerName: string;
  conditions: Condition[];
}

/** UDPRoutes are read to be told that no listener takes them. */
export const ROUTE_KINDS = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"] as const;
export type RouteKind = (typeof ROUTE_KINDS)[number];

/** `namespace/name`. */
export function keyOf({ metadata }: { metadata: ObjectMeta }): string {
  return metadata.namespace === undefined
    ? metadata.name
    : `${metadata.namespace}/${metadata.name}`;
}
/** The namespace of what has one. */
export function namespaceOf({ metadata }: { metadata: ObjectMeta }): string {
  return metadata.namespace ?? "default";
}

/** A `null` means what an absent field means, and an object without a `spec` asks for nothing. */
export function withoutNulls<T extends object>(object: T): T {
  return { ...object, spec: cleaned("spec" in object ? object.spec : undefined) ?? {} };
}

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => one !== null).map(cleaned);
  if (typeof value !== "object" || value === null) return value ?? undefined;
  const all = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(all.map(([name, one]) => [name, cleaned(one)]));
}
