import type { ObjectMeta } from "@warren/host/kube";
import type { ClusterView } from "../cluster-view.ts";
import { CLASS_CONDITIONS, isOurs } from "../gateway-api/gateway-class.ts";
import { GATEWAY_CONDITIONS } from "../gateway-api/gateway-status.ts";
import type { Condition, Gateway, GatewayClass, ListenerSet } from "../gateway-api/objects.ts";
import type { Ingress } from "../objects.ts";
import { classNameOf, ingressClassOf, ownerOf, type IngressSelection } from "../ingress/select.ts";
import { AGENT } from "../sources.ts";

/** What is to be merged into a status (RFC 7386) for nothing of an agent's to be left in it; null: no status at all. */
export type Mend = object | null;

interface Signed {
  metadata: ObjectMeta & { managedFields?: readonly { manager?: string; subresource?: string }[] };
}

/**
 * Whose the status is by what the API server itself noted of who wrote which field (kubernetes.io, "Server-Side Apply").
 * Who wrote over what an agent had said owns it since. Nothing is noted of an object that was restored, or of whose notes were cleared.
 */
function writerOf({ metadata: { managedFields = [] } }: Signed): "agent" | "others" | "unknown" {
  if (managedFields.length === 0) return "unknown";
  const isAgent = managedFields.some(
    ({ manager, subresource }) => manager === AGENT && subresource === "status",
  );
  return isAgent ? "agent" : "others";
}

type Classes = Pick<ClusterView, "ingressClass" | "defaultIngressClass">;

/** Of an Ingress of the class, or of the default one that is gone already: the address that an agent gave it. */
export function mendIngress(
  ingress: Ingress,
  classes: Classes,
  selection: IngressSelection,
): Mend | undefined {
  if ((ingress.status?.loadBalancer?.ingress ?? []).length === 0) return undefined;
  const writer = writerOf(ingress);
  const isOfDefault = classNameOf(ingress) === undefined;
  const isOrphan = isOfDefault && isUnknown(ingress, classes) && writer === "agent";
  if (!isOrphan && !ownerOf(ingress, classes, selection).isOurs) return undefined;
  return writer === "others" ? undefined : { loadBalancer: { ingress: null } };
}

const isUnknown = (ingress: Ingress, classes: Classes): boolean =>
  ingressClassOf(ingress, classes) === undefined;

/** An agent's address, of a class of another name without an object: another installation may serve that by its name. */
export function isInDoubt(
  ingress: Ingress,
  classes: Classes,
  { className }: IngressSelection,
): boolean {
  const named = classNameOf(ingress);
  const isSaid = (ingress.status?.loadBalancer?.ingress ?? []).length > 0;
  const isOther = named !== undefined && named !== className && isUnknown(ingress, classes);
  return isSaid && isOther && writerOf(ingress) === "agent";
}

/** Of a status that is a list in which each controller has entries of its own, `parents` or `ancestors`: ours. */
export function mendEntries(
  object: Signed & { status?: object },
  list: "parents" | "ancestors",
  controllerName: string,
): Mend | undefined {
  const said: Record<string, unknown> = { ...object.status };
  const entries = said[list] as readonly { controllerName: string }[] | undefined;
  if (entries === undefined) return undefined;
  const left = entries.filter((one) => one.controllerName !== controllerName);
  // An agent leaves none where ours was the last.
  if (left.length === 0 && (entries.length > 0 || writerOf(object) === "agent")) return null;
  return left.length === entries.length ? undefined : { [list]: left };
}

export interface GatewayOwner {
  /** The class that it names; undefined: there is none of that name by now. */
  readonly gatewayClass: GatewayClass | undefined;
  readonly className: string;
  readonly controllerName: string;
}

/** Of a class of ours, or of one that is gone already. */
export function isOurGateway(
  gateway: Gateway,
  { gatewayClass, className, controllerName }: GatewayOwner,
): boolean {
  return gatewayClass === undefined
    ? writerOf(gateway) === "agent" || gateway.spec.gatewayClassName === className
    : isOurs(gatewayClass, controllerName);
}

/** Of a Gateway of ours: all but what others have beside it. */
export function mendGateway(gateway: Gateway): Mend | undefined {
  if (writerOf(gateway) === "others") return undefined;
  const { addresses = [], conditions = [], listeners = [] } = gateway.status ?? {};
  const isMore = addresses.length + listeners.length > 0;
  const mended = mendConditions(conditions, GATEWAY_CONDITIONS, ["Accepted", "Programmed"]);
  if (mended === undefined && !isMore) return undefined;
  return mended === null ? null : { addresses: null, listeners: null, conditions: mended };
}

/** `isOurs`: whether its Gateway is; undefined: it has none by now. */
export function mendListenerSet(set: ListenerSet, isOurs: boolean | undefined): Mend | undefined {
  const writer = writerOf(set);
  if (writer === "others" || !(isOurs ?? writer === "agent")) return undefined;
  const types = ["Accepted", "Programmed"];
  const mended = mendConditions(set.status?.conditions ?? [], types, types);
  return mended && { conditions: mended };
}

export function mendClass(found: GatewayClass, controllerName: string): Mend | undefined {
  if (!isOurs(found, controllerName) || writerOf(found) === "others") return undefined;
  const { conditions = [] } = found.status ?? {};
  const mended = mendConditions(conditions, CLASS_CONDITIONS, ["Accepted"]);
  if (mended === undefined) return undefined;
  return mended === null ? null : { supportedFeatures: null, conditions: mended };
}

/** The CRDs' own default of a status: what is of this time, no controller has ever written. */
const NEVER = "1970-01-01T00:00:00Z";

/** Undefined: none is ours. Null: no other is there, and the CRD says again what it says of what nobody looked at. */
function mendConditions(
  conditions: readonly Condition[],
  owned: readonly string[],
  waiting: readonly string[],
): readonly Condition[] | null | undefined {
  const isOurType = ({ type }: Condition) => owned.includes(type);
  if (!conditions.some((one) => isOurType(one) && one.lastTransitionTime !== NEVER))
    return undefined;
  const left = conditions.filter((one) => !isOurType(one));
  if (left.length === 0) return null;
  return [...waiting.map((type) => ({ ...WAITING, type })), ...left];
}

const WAITING = {
  status: "Unknown",
  reason: "Pending",
  message: "Waiting for controller",
  lastTransitionTime: NEVER,
} as const;
