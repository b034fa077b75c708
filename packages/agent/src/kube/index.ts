// A door of its own, so that a machine without Kubernetes loads nothing of it.
export { openAccess } from "./open-access.ts";
export { CONTROLLER_NAMESPACES } from "./ingress-controllers.ts";
export * from "./gateway-api/resources.ts";
export { REVISION } from "./lease-voice.ts";
export { LeaseHold } from "./leave/hold-lease.ts";
export { isShared } from "./leave/scope.ts";
export { sweepCluster, type Swept } from "./leave/sweep-cluster.ts";
export { AGENT } from "./sources.ts";
export { defaultClassOf } from "./cluster-controllers.ts";
export {
  ingressClassOf,
  isClassPublished,
  isOfOtherWarren,
  ownerOf,
  SYSTEM_NAMESPACES,
  WARREN_CONTROLLER,
} from "./ingress/select.ts";
