import { cidrProblem } from "@warren/host";
import {
  inTurns,
  keepsAllOut,
  patternsOver,
  routeKey,
  type ErrorCode,
  type Route,
} from "@warren/wire";
import type { RouteChange, RouteVerdict } from "../ports.ts";
import type { Quotas, Sized } from "./quotas.ts";

/** Public TCP ports that routes may get, both ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** What a registry says of a route that it does not take. */
export type Refusal = { code: ErrorCode; message: string };

export const HOST_TAKEN: Refusal = { code: "host_taken", message: "another claim group owns it" };
export const NO_PORT: Refusal = { code: "overloaded", message: "no public port is free" };
const HOST_NOT_ALLOWED: Refusal = {
  code: "host_not_allowed",
  message: "the token does not cover this host",
};
const TCP_NOT_ALLOWED: Refusal = {
  code: "forbidden",
  message: "the token does not allow public ports",
};
const PORT_OUTSIDE: Refusal = {
  code: "invalid_route",
  message: "the public port is outside this gateway's range",
};
const TOO_LARGE: Refusal = {
  code: "quota_exceeded",
  message: "the route is larger than this gateway takes (--route-size)",
};
export const NO_ROOM: Refusal = {
  code: "quota_exceeded",
  message:
    "its cluster has all the routes that it may have (--cluster-routes, --cluster-routes-size)",
};
export const NO_CLAIM: Refusal = {
  code: "quota_exceeded",
  message: "its claim group uses all the hosts that it may hold (--group-claims)",
};
export const NO_MORE_PORTS: Refusal = {
  code: "quota_exceeded",
  message: "its claim group uses all the ports that it may hold (--group-ports)",
};
/** It would be taken for no network, and let in whom it is to keep out. */
const NO_CIDR: Refusal = {
  code: "invalid_route",
  message: "policy.deny has an entry that is neither an address nor a CIDR",
};
export const STALE: Refusal = { code: "stale_revision", message: "a newer revision is in force" };

/** Why the token, or the gateway's port range, forbids a route; undefined when neither does. */
function refusalOf(
  route: Route,
  { allowed, ports }: { allowed: ReadonlySet<string>; ports: PortRange | undefined },
  { tcpAllowed }: RouteChange,
): Refusal | undefined {
  if (route.policy.deny?.some((text) => cidrProblem(text) !== undefined) === true) return NO_CIDR;
  if (route.kind !== "tcp") {
    const isAllowed = route.host !== "" && patternsOver(route.host).some((one) => allowed.has(one));
    return isAllowed ? undefined : HOST_NOT_ALLOWED;
  }
  if (!tcpAllowed) return TCP_NOT_ALLOWED;
  if (ports === undefined) return NO_PORT;
  const wanted = route.public_port ?? ports.from;
  return wanted < ports.from || wanted > ports.to ? PORT_OUTSIDE : undefined;
}

/** A route of a message, with what it is known and counted by. */
export interface Offer extends Sized {
  readonly route: Route;
  /** The route as JSON: what it is kept as. */
  readonly text: string;
}

export function offerOf(route: Route): Offer {
  const text = JSON.stringify(route);
  const { namespace, policy } = route;
  const counted = { bytes: Buffer.byteLength(text), namespace, isShut: keepsAllOut(policy) };
  return { key: routeKey(route), route, text, ...counted };
}

/**
 * The routes of a message that nothing in them forbids, in the order in which they are judged: of a
 * cluster's namespaces none has its last before the others have their first (decisions/0411). The
 * others are in the verdict.
 */
export function permitted(
  change: RouteChange,
  { ports, quotas }: { ports: PortRange | undefined; quotas: Quotas },
  verdict: RouteVerdict,
): Offer[] {
  // Of two of one key the last counts, whatever order they are judged in.
  const offers = new Map<string, Offer>();
  // With what it has proved a cluster may have thousands.
  const allowed = new Set(change.allowed);
  for (const route of change.routes) {
    const offer = offerOf(route);
    const tooLarge = offer.bytes > quotas.routeBytes ? TOO_LARGE : undefined;
    const refusal = refusalOf(route, { allowed, ports }, change) ?? tooLarge;
    if (refusal !== undefined) reject(verdict, route, refusal);
    else {
      offers.delete(offer.key);
      offers.set(offer.key, offer);
    }
  }
  return inTurns([...offers.values()], ({ route }) => route);
}

export function emptyVerdict(revision: number | undefined): RouteVerdict {
  return { accepted: 0, rejected: [], revision, ports: {} };
}

export function reject(verdict: RouteVerdict, route: Route, why: Refusal): void {
  verdict.rejected.push({ host: route.host, path: route.path, ...why });
}

/**
 * The verdict on a message older than what is in force. An empty one is refused too, under no host.
 */
export function staleVerdict(change: RouteChange, revision: number): RouteVerdict {
  const verdict = emptyVerdict(revision);
  for (const route of change.routes) reject(verdict, route, STALE);
  if (change.routes.length === 0) verdict.rejected.push({ host: "", path: "", ...STALE });
  return verdict;
}
