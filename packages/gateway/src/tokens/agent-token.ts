import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import * as v from "valibot";
import { describe, TOKEN_AUDIENCE, TOKEN_ISSUER, TokenClaims, WireError } from "@warren/wire";
import type { SigningKey } from "./signing-key.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What `token create` decides; `iat` and `exp` are seconds since the epoch. */
export type TokenClaimsInput = v.InferInput<typeof TokenClaims>;

/** A token is a header in a WebSocket handshake; nothing honest is longer. */
const TOKEN_BYTES = 8192;

const TOO_LONG = `the token would be longer than ${TOKEN_BYTES} bytes, which no gateway takes: name fewer hosts, or patterns`;

/** More hosts than a token can hold. The message is for the operator. */
export class TokenTooLongError extends Error {
  override readonly name = "TokenTooLongError";
}

/**
 * Signs an agent token (JWT, EdDSA). Throws when the claims are not well-formed, naming each; a
 * TokenTooLongError when they are too many.
 */
export async function createToken(key: SigningKey, claims: TokenClaimsInput): Promise<string> {
  const parsed = v.safeParse(TokenClaims, claims);
  if (!parsed.success) throw new Error(`not a token's claims: ${describe(parsed.issues)}`);
  const token = await new SignJWT({ ...parsed.output } as JWTPayload)
    .setProtectedHeader({ alg: "EdDSA", kid: key.kid, typ: "JWT" })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(TOKEN_AUDIENCE)
    .sign(key.privateKey);
  if (token.length > TOKEN_BYTES) throw new TokenTooLongError(TOO_LONG);
  return token;
}

/** Says nothing about what was wrong, nor repeats any of the token: the text goes to its sender. */
const invalid = (cause?: unknown): WireError =>
  new WireError("unauthorized", "the agent token is not valid", { cause });

/**
 * The claims of a token that one of `keys` signed, or why not: `token_expired` for one that was good
 * once, `unauthorized` for all else. Revocation is the caller's to ask. `now` is wall-clock time.
 */
export async function verifyToken(
  token: string,
  keys: TokenKeys,
  now: Date,
): Promise<TokenClaims | WireError> {
  if (token.length > TOKEN_BYTES) return invalid();
  try {
    const { payload } = await jwtVerify(token, async ({ kid }) => keyOrDecoy(keys, kid), {
      algorithms: ["EdDSA"],
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      currentDate: now,
    });
    const claims = v.safeParse(TokenClaims, payload);
    return claims.success ? claims.output : invalid();
  } catch (reason) {
    return reason instanceof errors.JWTExpired
      ? new WireError("token_expired", "the agent token has expired")
      : invalid(reason);
  }
}

/** An unknown kid goes the way of a wrong signature, so that the two cannot be told apart. */
async function keyOrDecoy(keys: TokenKeys, kid: string | undefined): Promise<KeyObject> {
  return (kid === undefined ? undefined : await keys.get(kid)) ?? decoy();
}

let decoyKey: KeyObject | undefined;
function decoy(): KeyObject {
  return (decoyKey ??= generateKeyPairSync("ed25519").publicKey);
}
