import { ChatError } from "@warren/wire";
import { GUEST_PREFIX, isAdmin, isName, isUserId, type Identity } from "./identity.ts";

/** Where a token says who someone is. A name with dots that no claim has leads into objects. */
export interface ClaimNames {
  userId: string;
  roles: string;
  name: string;
}

/** The seed's (`reference/chatbox.md` W-3). */
export const CLAIM_NAMES: ClaimNames = { userId: "user_id", roles: "roles", name: "name" };

export interface ClaimRules {
  names: ClaimNames;
  /** Demanded where they are set. */
  issuer: string | undefined;
  audience: string | undefined;
  /** How far the issuer's clock may be from this one. */
  toleranceMs: number;
  /** A token that is good for longer is refused, however well it is signed. */
  longestLifeMs: number;
}

export type Claims = Readonly<Record<string, unknown>>;

const MOST_ROLES = 100;
const LONGEST_ROLE = 100;
const LONGEST_NAME = 255;

/**
 * Who a token whose signature is good stands for. Throws a ChatError: EXPIRED_TOKEN, or INVALID_TOKEN
 * with words for whoever makes such tokens. `nowMs` is epoch milliseconds.
 */
export function identityOf(claims: Claims, rules: ClaimRules, nowMs: number): Identity {
  const expiresAtMs = checkTimes(claims, rules, nowMs);
  checkParties(claims, rules);
  const userId = claimOf(claims, rules.names.userId);
  if (!isUserId(userId))
    throw refused(
      `${rules.names.userId} must be text of 1 to 255 bytes without control characters`,
    );
  if (userId.startsWith(GUEST_PREFIX))
    throw refused(`${rules.names.userId} must not start with ${GUEST_PREFIX}`);
  const roles = rolesOf(claimOf(claims, rules.names.roles), rules.names.roles);
  return {
    userId,
    name: nameOf(claimOf(claims, rules.names.name)) ?? userId,
    roles,
    isAdmin: isAdmin(roles),
    expiresAtMs,
    tokenId: typeof claims["jti"] === "string" ? claims["jti"] : undefined,
    guest: false,
  };
}

/** When the token ends, in epoch milliseconds. Throws as `identityOf` does. */
export function checkTimes(
  { exp, nbf, iat }: Claims,
  { toleranceMs, longestLifeMs }: Pick<ClaimRules, "toleranceMs" | "longestLifeMs">,
  nowMs: number,
): number {
  const endsAtMs = seconds(exp, "exp");
  if (endsAtMs === undefined) throw refused("exp is missing");
  const expiresAtMs = endsAtMs + toleranceMs;
  if (expiresAtMs <= nowMs) throw new ChatError("EXPIRED_TOKEN", "the token has expired");
  if ((seconds(nbf, "nbf") ?? 0) > nowMs + toleranceMs) throw refused("nbf is yet to come");
  // What was issued in the future would otherwise be young for ever.
  const issuedAtMs = Math.min(seconds(iat, "iat") ?? nowMs, nowMs + toleranceMs);
  if (endsAtMs - issuedAtMs > longestLifeMs + toleranceMs)
    throw refused(`it lives longer than the ${longestLifeMs / 1000} s that are allowed`);
  return expiresAtMs;
}

function checkParties({ iss, aud }: Claims, { issuer, audience }: ClaimRules): void {
  if (issuer !== undefined && iss !== issuer) throw refused("iss is another issuer");
  const isFor = aud === audience || (Array.isArray(aud) && aud.includes(audience));
  if (audience !== undefined && !isFor) throw refused("aud is another audience");
}

/** NumericDate (RFC 7519 §2) in milliseconds. */
function seconds(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isFinite(value)) return value * 1000;
  throw refused(`${name} is no number`);
}

function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Claims)[part];
  }
  return value;
}

function rolesOf(value: unknown, name: string): readonly string[] {
  if (value === undefined || value === null) return [];
  const isList = Array.isArray(value) && value.length <= MOST_ROLES;
  if (!isList || !value.every((role) => isName(role) && role.length <= LONGEST_ROLE))
    throw refused(`${name} must be a list of at most ${MOST_ROLES} names`);
  return value as string[];
}

/** A name is for people, so one that cannot be shown is no reason to keep its bearer out. */
function nameOf(value: unknown): string | undefined {
  if (!isName(value)) return undefined;
  return Array.from(value).slice(0, LONGEST_NAME).join("").trim();
}

function refused(why: string): ChatError {
  return new ChatError("INVALID_TOKEN", `the token is not valid: ${why}`);
}
