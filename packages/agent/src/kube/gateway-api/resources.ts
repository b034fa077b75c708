import type { KubeObject, Resource } from "@warren/host/kube";
import { GROUP, X_GROUP, type RouteKind } from "./objects.ts";
import type { BackendTlsPolicy, Gateway, GatewayClass, ListenerSet, Namespace } from "./objects.ts";
import type { ReferenceGrant, RouteObject } from "./objects.ts";

/** A kind that bundles of the CRDs serve in different versions; the fields that are read are the same. */
export interface Versioned<T extends KubeObject> {
  /** The best first. */
  readonly versions: readonly [Resource<T>, ...Resource<T>[]];
}

function versioned<T extends KubeObject>(
  kind: string,
  plural: string,
  { versions = ["v1"], namespaced = true }: { versions?: string[]; namespaced?: boolean } = {},
): Versioned<T> {
  const all = versions.map((version) => ({ group: GROUP, version, plural, kind, namespaced }));
  return { versions: all as [Resource<T>, ...Resource<T>[]] };
}

/** Bundles before 1.0 have v1beta1 alone. */
const SINCE_BETA = ["v1", "v1beta1"];
export const GATEWAY_CLASSES = versioned<GatewayClass>("GatewayClass", "gatewayclasses", {
  versions: SINCE_BETA,
  namespaced: false,
});
export const GATEWAYS = versioned<Gateway>("Gateway", "gateways", { versions: SINCE_BETA });
/** TLSRoute is v1 since bundle 1.5, TCPRoute since 1.6, GRPCRoute since 1.1. */
export const ROUTES: Readonly<Record<RouteKind, Versioned<RouteObject>>> = {
  HTTPRoute: versioned("HTTPRoute", "httproutes", { versions: SINCE_BETA }),
  GRPCRoute: versioned("GRPCRoute", "grpcroutes", { versions: ["v1", "v1alpha2"] }),
  TLSRoute: versioned("TLSRoute", "tlsroutes", { versions: ["v1", "v1alpha3", "v1alpha2"] }),
  TCPRoute: versioned("TCPRoute", "tcproutes", { versions: ["v1", "v1alpha2"] }),
  UDPRoute: versioned("UDPRoute", "udproutes", { versions: ["v1", "v1alpha2"] }),
};
export const REFERENCE_GRANTS = versioned<ReferenceGrant>("ReferenceGrant", "referencegrants", {
  versions: ["v1", "v1beta1"],
});
export const BACKEND_TLS_POLICIES = versioned<BackendTlsPolicy>(
  "BackendTLSPolicy",
  "backendtlspolicies",
  { versions: ["v1", "v1alpha3"] },
);
/** Since bundle 1.5; bundles before have its experiment (1.3 and 1.4). */
export const LISTENER_SETS: Versioned<ListenerSet> = {
  versions: [
    {
      group: GROUP,
      version: "v1",
      plural: "listenersets",
      kind: "ListenerSet",
      namespaced: true,
    },
    {
      group: X_GROUP,
      version: "v1alpha1",
      plural: "xlistenersets",
      kind: "XListenerSet",
      namespaced: true,
    },
  ],
};
export const NAMESPACES: Resource<Namespace> = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};
/** Which release the CRDs are of is written on each of them. */
export const GATEWAY_CRD = "gateways.gateway.networking.k8s.io";
export const BUNDLE_VERSION = "gateway.networking.k8s.io/bundle-version";
