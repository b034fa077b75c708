import { intersection } from "./hostnames.ts";
import type { Listener } from "./objects.ts";

export interface Conflict {
  readonly reason: "HostnameConflict" | "ProtocolConflict";
  readonly message: string;
}

/**
 * The listeners of a Gateway that are not distinct (GatewaySpec.listeners): no connection could be
 * told to belong to one of them, and none of them wins.
 */
export function conflictsOf(listeners: readonly Listener[]): Map<string, Conflict> {
  const conflicts = new Map<string, Conflict>();
  const ports = Map.groupBy(listeners, ({ port }) => port);
  for (const [port, sharing] of ports) {
    for (const one of sharing) {
      const conflict = sharing
        .filter((other) => other !== one)
        .map((other) => between(one, other, port))
        .find((found) => found !== undefined);
      if (conflict !== undefined) conflicts.set(one.name, conflict);
    }
  }
  return conflicts;
}

function between(one: Listener, other: Listener, port: number): Conflict | undefined {
  if (familyOf(one) !== familyOf(other) || one.protocol === "TCP" || one.protocol === "UDP") {
    // A UDP port is another port than the TCP port of its number.
    if ((one.protocol === "UDP") !== (other.protocol === "UDP")) return undefined;
    return {
      reason: "ProtocolConflict",
      message: `listener ${other.name} has port ${port} for ${other.protocol} as well`,
    };
  }
  if ((one.hostname ?? "").toLowerCase() !== (other.hostname ?? "").toLowerCase()) return undefined;
  return {
    reason: "HostnameConflict",
    message: `listener ${other.name} has port ${port} and ${one.hostname ?? "every host"} as well`,
  };
}

/** HTTPS and TLS share a port: the server name says which is meant. */
function familyOf({ protocol }: Listener): string {
  return protocol === "HTTPS" ? "TLS" : protocol;
}

/**
 * HTTPS listeners of one port whose hosts overlap: a browser may use a connection made for one of
 * them for requests of the other (ListenerConditionOverlappingTLSConfig).
 */
export function overlapping(listeners: readonly Listener[]): Set<string> {
  const https = listeners.filter(({ protocol }) => protocol === "HTTPS");
  const names = https.filter((one) =>
    https.some((other) => other !== one && other.port === one.port && overlaps(one, other)),
  );
  return new Set(names.map(({ name }) => name));
}

function overlaps(one: Listener, other: Listener): boolean {
  if (one.hostname === undefined || other.hostname === undefined) return true;
  return intersection(one.hostname.toLowerCase(), other.hostname.toLowerCase()) !== undefined;
}
