import type { KubeError } from "./kube-error.ts";
import type { Resource } from "./object.ts";

/** What a watch tells of itself; `KubeEvents` makes log lines and counters of it. */
export type WatchTold =
  /** A whole list has been applied: so many objects are there. */
  | { kind: "listed"; resource: Resource; objects: number; tookMs: number }
  /** A list or a stream failed and is begun again after `retryInMs`; nothing is forgotten. */
  | { kind: "lost"; resource: Resource; error: unknown; retryInMs: number }
  /** History was gone (410): everything is listed again. */
  | { kind: "expired"; resource: Resource; error: KubeError }
  /** Said once, until it is allowed again. `rule`: what a Role or ClusterRole has to have. */
  | { kind: "forbidden"; resource: Resource; rule: RbacRule; error: KubeError }
  /** The server does not have this resource (a CRD that is not installed); looked for again. */
  | { kind: "absent"; resource: Resource }
  | { kind: "appeared"; resource: Resource }
  /** A handler threw: the watch goes on. */
  | { kind: "handlerFailed"; resource: Resource; key: string; error: unknown };

/** As a Role has it (rbac.authorization.k8s.io/v1 PolicyRule). */
export interface RbacRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

export function ruleFor({ group, plural }: Resource): RbacRule {
  return { apiGroups: [group], resources: [plural], verbs: ["get", "list", "watch"] };
}
