import { TokenClaims } from "@warren/wire";
import * as v from "valibot";
import { fail, ok, warn, type Finding } from "./finding.ts";

const SOON_MS = 7 * 86_400_000;
const ANEW = "make one at the gateway: `warren token create`, and put it where the agent reads it";

/**
 * What a token says of itself; that it is genuine only its gateway can tell. Never repeats the token.
 * `nowMs`: epoch milliseconds.
 */
export function checkToken(token: string, nowMs: number): Finding[] {
  const claims = claimsOf(token);
  if (claims === undefined) return [fail("token", "is no token of a gateway", ANEW)];
  const { cluster, exp, hosts, sub } = claims;
  const whose = `of cluster ${cluster} (${sub}) for ${hosts.join(", ") || "no host"}`;
  const found = [
    hosts.length === 0
      ? warn(
          "token",
          whose,
          "without hosts nothing over HTTP can be published: `--host` of `warren token create`",
        )
      : ok("token", whose),
  ];
  if (exp === undefined) return [...found, ok("token expiry", "never")];
  const until = new Date(exp * 1_000).toISOString();
  const leftMs = exp * 1_000 - nowMs;
  if (leftMs <= 0) found.push(fail("token expiry", `expired at ${until}`, ANEW));
  else if (leftMs < SOON_MS) found.push(warn("token expiry", `expires at ${until}`, ANEW));
  else found.push(ok("token expiry", until));
  return found;
}

function claimsOf(token: string): TokenClaims | undefined {
  try {
    const [, payload = ""] = token.trim().split(".");
    const read = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as unknown;
    const claims = v.safeParse(TokenClaims, read);
    return claims.success ? claims.output : undefined;
  } catch {
    return undefined; // not even JSON
  }
}
