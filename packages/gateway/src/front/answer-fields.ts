import {
  endToEnd,
  endToEndLines,
  fieldOf,
  linesOf,
  withoutField,
  type ResponseHead,
} from "@warren/http";
import { AFFINITY_COOKIE, CLIENT_COOKIE, sessionCookie } from "./affinity-cookie.ts";
import type { Exchange } from "./exchange.ts";

/** What matters here of what the client will read; a head as it came fits. */
type Said = Pick<ResponseHead, "fields" | "requestId">;

/**
 * Fields of the service's final answer for the client: end-to-end ones as the route's filter leaves
 * them, and what this side adds.
 */
export function answerFields(
  head: ResponseHead,
  exchange: Exchange,
  hstsSeconds: number,
): string[] {
  const fields = filtered(head, exchange);
  return fields.concat(added(saidBy(fields), exchange, hstsSeconds));
}

/** The same as lines of a head, without the fields of the lower-case name `without`, if any. */
export function answerLines(
  head: ResponseHead,
  exchange: Exchange,
  { hstsSeconds, without }: { hstsSeconds: number; without: string },
): string {
  if (without === "" && exchange.filters?.response === undefined)
    return endToEndLines(head) + linesOf(added(head, exchange, hstsSeconds));
  const fields = withoutField(filtered(head, exchange), without);
  return linesOf(fields) + linesOf(added(saidBy(fields), exchange, hstsSeconds));
}

function filtered(head: ResponseHead, { filters }: Exchange): string[] {
  const fields = endToEnd(head);
  return filters?.response?.fields(fields) ?? fields;
}

function saidBy(fields: string[]): Said {
  return { fields, requestId: fieldOf(fields, "x-request-id") };
}

function added(said: Said, exchange: Exchange, hstsSeconds: number): string[] {
  const fields: string[] = [];
  if (said.requestId === undefined) fields.push("x-request-id", exchange.requestId);
  const { setSticky } = exchange.opened!;
  if (setSticky !== undefined)
    fields.push("set-cookie", sessionCookie(AFFINITY_COOKIE, setSticky, exchange.peer.secure));
  const newName = exchange.staying?.newName;
  if (newName !== undefined)
    fields.push("set-cookie", sessionCookie(CLIENT_COOKIE, newName, exchange.peer.secure));
  const seconds = exchange.peer.secure ? (exchange.policy?.hsts_seconds ?? hstsSeconds) : 0;
  // RFC 6797 §7.1: over TLS only. A service's own word stands.
  if (seconds > 0 && fieldOf(said.fields, "strict-transport-security") === undefined)
    fields.push("strict-transport-security", `max-age=${seconds}`);
  return fields;
}
