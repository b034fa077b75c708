import { covers, type ErrorCode, type Route } from "@warren/wire";
import type { RouteChange, RouteVerdict } from "../ports.ts";

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
export const STALE: Refusal = { code: "stale_revision", message: "a newer revision is in force" };

/** Why the token, or the gateway's port range, forbids a route; undefined when neither does. */
export function refusalOf(
  route: Route,
  change: RouteChange,
  ports: PortRange | undefined,
): Refusal | undefined {
  if (route.kind !== "tcp") {
    return covers(change.allowed, route.host) ? undefined : HOST_NOT_ALLOWED;
  }
  if (!change.tcpAllowed) return TCP_NOT_ALLOWED;
  if (ports === undefined) return NO_PORT;
  const wanted = route.public_port ?? ports.from;
  return wanted < ports.from || wanted > ports.to ? PORT_OUTSIDE : undefined;
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
