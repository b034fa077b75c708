import type { Fields } from "@warren/http";

/** Names the agent that a client's requests stay with, on routes that ask for it. */
export const AFFINITY_COOKIE = "warren_affinity";
/**
 * Names the client on such routes, for agents that choose its pod: it stays while agents come and go,
 * and gateways of the release before leave it alone.
 */
export const CLIENT_COOKIE = "warren_client";

/**
 * Value of a cookie of a request (RFC 6265 §5.4), of several the first that fits: a neighbouring domain
 * may set one of the same name for all, and browsers may say that first.
 */
export function cookieOf(fields: Fields, name: string, fits: RegExp): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.length !== 6 || fields[i]!.toLowerCase() !== "cookie") continue;
    for (const pair of fields[i + 1]!.split(";")) {
      const trimmed = pair.trimStart();
      if (!trimmed.startsWith(name) || trimmed[name.length] !== "=") continue;
      const value = trimmed.slice(name.length + 1).trimEnd();
      if (fits.test(value)) return value;
    }
  }
  return undefined;
}

/** A Set-Cookie value; a cookie of the session, since agents and pods come and go. */
export function sessionCookie(name: string, value: string, secure: boolean): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
}
