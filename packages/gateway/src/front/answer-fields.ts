import {
  endToEnd,
  endToEndLines,
  fieldOf,
  linesOf,
  withoutField,
  type ResponseHead,
} from "@warren/http";
import { affinityCookie } from "./affinity-cookie.ts";
import type { Exchange } from "./exchange.ts";

/** Fields of the service's final answer for the client: end-to-end ones, and what this side adds. */
export function answerFields(
  head: ResponseHead,
  exchange: Exchange,
  hstsSeconds: number,
): string[] {
  return endToEnd(head).concat(added(head, exchange, hstsSeconds));
}

/** The same as lines of a head, without the fields of the lower-case name `without`, if any. */
export function answerLines(
  head: ResponseHead,
  exchange: Exchange,
  { hstsSeconds, without }: { hstsSeconds: number; without: string },
): string {
  const lines =
    without === "" ? endToEndLines(head) : linesOf(withoutField(endToEnd(head), without));
  return lines + linesOf(added(head, exchange, hstsSeconds));
}

function added(head: ResponseHead, exchange: Exchange, hstsSeconds: number): string[] {
  const fields: string[] = [];
  if (head.requestId === undefined) fields.push("x-request-id", exchange.requestId);
  const { setSticky } = exchange.opened!;
  if (setSticky !== undefined)
    fields.push("set-cookie", affinityCookie(setSticky, exchange.peer.secure));
  const seconds = exchange.peer.secure ? (exchange.policy?.hsts_seconds ?? hstsSeconds) : 0;
  // RFC 6797 §7.1: over TLS only. A service's own word stands.
  if (seconds > 0 && fieldOf(head.fields, "strict-transport-security") === undefined)
    fields.push("strict-transport-security", `max-age=${seconds}`);
  return fields;
}
