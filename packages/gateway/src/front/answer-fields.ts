import { endToEnd, fieldOf, type ResponseHead } from "@warren/http";
import { affinityCookie } from "./affinity-cookie.ts";
import type { Exchange } from "./exchange.ts";

/** Fields of the service's final answer for the client: end-to-end ones, and what this side adds. */
export function answerFields(
  head: ResponseHead,
  exchange: Exchange,
  hstsSeconds: number,
): string[] {
  const fields = endToEnd(head);
  if (fieldOf(fields, "x-request-id") === undefined)
    fields.push("x-request-id", exchange.requestId);
  const { setSticky } = exchange.opened!;
  if (setSticky !== undefined)
    fields.push("set-cookie", affinityCookie(setSticky, exchange.peer.secure));
  if (exchange.peer.secure) addHsts(fields, exchange.policy?.hsts_seconds ?? hstsSeconds);
  return fields;
}

/** RFC 6797 §7.1: over TLS only. A service's own word stands. */
function addHsts(fields: string[], seconds: number): void {
  if (seconds <= 0 || fieldOf(fields, "strict-transport-security") !== undefined) return;
  fields.push("strict-transport-security", `max-age=${seconds}`);
}
