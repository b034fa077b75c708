import type { IncomingMessage } from "node:http";
import { WireError } from "@warren/wire";
import type { AdminToken } from "./admin-token.ts";

/** How the listener is reached, which decides what it asks of a request. */
export type Reach = { loopback: true } | { loopback: false; token: AdminToken };

/** Any request with this field was made by a program: a page cannot add it without asking first. */
export const ADMIN_FIELD = "x-warren-admin";

/**
 * Undefined when the request may go on. A browser is the way in for others on loopback, so:
 *
 * - Host must be a name of loopback, which a page on a rebound DNS name cannot say, or absent, as in
 *   a balancer's check in HTTP/1.0: no browser leaves it out;
 * - an Origin must be the listener's own;
 * - what changes things carries JSON or `x-warren-admin`, neither of which a foreign page can send
 *   without a preflight, and no preflight is ever granted.
 *
 * Beyond loopback what changes things needs the admin token.
 */
export async function guard(
  request: IncomingMessage,
  reach: Reach,
  changes: boolean,
): Promise<WireError | undefined> {
  const { host, origin, authorization } = request.headers;
  if (reach.loopback && host !== undefined && !isLoopbackHost(host))
    return new WireError("misdirected", "this listener answers for localhost only");
  if (origin !== undefined && origin !== `http://${host}`)
    return new WireError("forbidden", "another site's page may not ask this");
  if (!changes) return undefined;
  const json = /^application\/json *(;|$)/i.test(request.headers["content-type"] ?? "");
  if (!json && request.headers[ADMIN_FIELD] === undefined)
    return new WireError("forbidden", `a change needs JSON, or the field ${ADMIN_FIELD}`);
  if (!reach.loopback && !(await reach.token.opens(authorization)))
    return new WireError("unauthorized", "a change needs the admin token");
  return undefined;
}

function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d{1,5}$/, "");
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** True for an address that only this machine reaches. */
export function isLoopbackAddress(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}
