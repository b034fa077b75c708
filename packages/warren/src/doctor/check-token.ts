import { TokenClaims } from "@warren/wire";
import * as v from "valibot";
import { fail, ok, warn, type Finding } from "./finding.ts";

const SOON_MS = 7 * 86_400_000;
export const NEW_TOKEN =
  "make one at the gateway (`warren token create`), and put it where the agent reads it";

/** What a token says of itself, or undefined where it is none. That it is genuine only its gateway can tell. */
export function claimsOf(token: string): TokenClaims | undefined {
  try {
    const [, payload = ""] = token.trim().split(".");
    const read = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as unknown;
    const claims = v.safeParse(TokenClaims, read);
    return claims.success ? claims.output : undefined;
  } catch {
    return undefined; // not even JSON
  }
}

/** Whose a token is and for how long. Never repeats it. `nowMs`: epoch milliseconds. */
export function checkToken(claims: TokenClaims | undefined, nowMs: number): Finding[] {
  if (claims === undefined) return [fail("token", "is no token of a gateway", NEW_TOKEN)];
  const { cluster, exp, hosts, iat, sub } = claims;
  const whose = `of cluster ${cluster} (${sub}) for ${hosts.join(", ") || "no host"}`;
  const found = [
    hosts.length === 0
      ? warn("token", whose, "without `--host` of `warren token create` it covers no host")
      : ok("token", whose),
  ];
  if (iat * 1_000 > nowMs + SKEW_MS)
    found.push(fail("token start", `is of ${date(iat)}, which is yet to come`, CLOCKS));
  if (exp === undefined) return [...found, ok("token expiry", "never")];
  const leftMs = exp * 1_000 - nowMs;
  if (leftMs <= 0) found.push(fail("token expiry", `expired at ${date(exp)}`, NEW_TOKEN));
  else if (leftMs < SOON_MS) found.push(warn("token expiry", `expires at ${date(exp)}`, NEW_TOKEN));
  else found.push(ok("token expiry", date(exp)));
  return found;
}

/** Whole seconds, and clocks that are a little apart. */
const SKEW_MS = 60_000;
const CLOCKS = "the clock of this machine, or of the one that made the token, is wrong";

function date(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
