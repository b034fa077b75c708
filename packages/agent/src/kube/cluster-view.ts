import type { EndpointSlice, IngressClass, Secret, Service } from "./objects.ts";

/** What a translator has to say about an object: an Event's or a condition's reason, and its text. */
export interface Problem {
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** How gateways reach what this cluster publishes. */
export type ReachMode = "tunnel" | "direct" | "both";

/** Where the cluster's own public address is, for the modes direct and both. */
export interface PublicEndpoint {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
}

/** Where the controller of another ingress class listens, inside the cluster. */
export interface ControllerTarget {
  /** Of its Service. */
  readonly namespace: string;
  readonly name: string;
  readonly type: "traefik" | "nginx" | "unknown";
  /** An address that can be dialled from a pod. */
  readonly host: string;
  /** Its port for plain HTTP; undefined when it has none. */
  readonly httpPort: number | undefined;
  /** Its port for TLS; undefined when it has none. */
  readonly httpsPort: number | undefined;
}

/**
 * What the agent knows of its cluster, for translators: look-ups in caches, which never wait and never
 * fail. Absence means that the object does not exist, once `ClusterFeed.synced`.
 */
export interface ClusterView {
  service(namespace: string, name: string): Service | undefined;
  /** The slices of a Service, of all address types: the very same list while they are the same. */
  endpoints(namespace: string, name: string): readonly EndpointSlice[];
  /** Why nobody may be led to a Service: `leads to ...`. Undefined where its slices name nothing forbidden. */
  forbidden(namespace: string, name: string): string | undefined;
  ingressClass(name: string): IngressClass | undefined;
  /** The class of objects that name none: annotation `ingressclass.kubernetes.io/is-default-class`. */
  defaultIngressClass(): IngressClass | undefined;
  /** Where a class's controller listens; undefined asks for that of objects without a class. */
  controller(className: string | undefined): ControllerTarget | undefined;
  /** Undefined where the agent may not read Secrets. */
  readonly secret: ((namespace: string, name: string) => Secret | undefined) | undefined;
  /** Of the cluster; an object may say another. */
  readonly mode: ReachMode;
  /** Undefined while none is known: what asks for direct goes through the tunnel. */
  readonly endpoint: PublicEndpoint | undefined;
}

/** What became different in a `ClusterView`; keys are `namespace/name`, of classes `name`. */
export type ClusterChange =
  | { readonly kind: "service" | "endpoints" | "class" | "secret"; readonly key: string }
  /** A class's controller appeared, moved or went away: of every class, or of those named. */
  | { readonly kind: "controllers" }
  /** `mode` or `endpoint`. */
  | { readonly kind: "reach" };

/** A view that follows its cluster. */
export interface ClusterFeed extends ClusterView {
  /** Every cache has had its first list, and the controllers have been looked for once. */
  readonly synced: Promise<void>;
  /** Hears of each change once it can be looked up, in the same turn. The returned function stops that. */
  onChange(heard: (change: ClusterChange) => void): () => void;
}
