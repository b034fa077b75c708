import { gatewayOf } from "./attach.ts";
import { mergeConditions, no, type When } from "./conditions.ts";
import { GROUP, type PolicyAncestorStatus } from "./objects.ts";

/** PolicyStatus.ancestors allows so many. */
const MOST_ANCESTORS = 16;

/** `Invalid` is what the specification says of a policy with a value that is not supported. */
const REFUSED = no(
  "Accepted",
  "Invalid",
  "Warren supports no BackendTLSPolicy: instead of leading to its Services in another way than it says, routes answer with an error",
);

export interface PolicyHow {
  /** Gateways of ours by which it matters, as `namespace/name`. */
  readonly gateways: ReadonlySet<string>;
  /** Whose entries are ours. */
  readonly controllerName: string;
  readonly when: When;
}

/**
 * What a BackendTLSPolicy's `status.ancestors` becomes. Entries of other controllers stay as they are,
 * in their places; ours of Gateways by which it matters no more go. Where there is no room for all,
 * those that are there stay, and the routes say it (PolicyStatus).
 */
export function policyAncestors(
  before: readonly PolicyAncestorStatus[],
  { gateways, controllerName, when }: PolicyHow,
): PolicyAncestorStatus[] {
  const left = new Set([...gateways].toSorted());
  const made = (key: string, old: PolicyAncestorStatus | undefined): PolicyAncestorStatus => {
    const [namespace, name] = key.split("/") as [string, string];
    const how = { owned: ["Accepted"], when };
    return {
      ancestorRef: { group: GROUP, kind: "Gateway", namespace, name },
      controllerName,
      conditions: mergeConditions(old?.conditions ?? [], [REFUSED], how),
    };
  };
  const kept = before.flatMap((old): PolicyAncestorStatus[] => {
    if (old.controllerName !== controllerName) return [old];
    const key = gatewayOf(old.ancestorRef, "") ?? "";
    return left.delete(key) ? [made(key, old)] : [];
  });
  const room = Math.max(0, MOST_ANCESTORS - kept.length);
  return [...kept, ...[...left].slice(0, room).map((key) => made(key, undefined))];
}
