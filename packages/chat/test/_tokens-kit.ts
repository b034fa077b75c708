import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT, type JWK } from "jose";
import { ChatError } from "@warren/wire";
import { CLAIM_NAMES, type ClaimRules } from "../src/auth/claims.ts";
import { GuestTokens } from "../src/auth/guest-tokens.ts";
import { SharedSecrets } from "../src/auth/shared-secrets.ts";
import { TokenVerifier, VERIFIED_TOKENS, type TokenTrust } from "../src/auth/token-verifier.ts";

export const SECRET = "Zk3vQ8mYw1Lr5Tn0Hb7Xc2Fd9Gj4Ks6P";
export const NOW_MS = Date.parse("2026-06-01T12:00:00Z");
export const NOW = NOW_MS / 1000;
export const RULES: ClaimRules = {
  names: CLAIM_NAMES,
  issuer: undefined,
  audience: undefined,
  toleranceMs: 5_000,
  longestLifeMs: 86_400_000,
};
export const ALICE = {
  user_id: "alice",
  roles: ["user"],
  name: "Alice",
  iat: NOW,
  exp: NOW + 3600,
};

/** A verifier whose wall clock a test moves. */
export function verifier(given: {
  trust?: TokenTrust;
  rules?: Partial<ClaimRules>;
  guests?: GuestTokens;
}) {
  const time = { nowMs: NOW_MS };
  const secrets = new SharedSecrets([SECRET]);
  const rules = { ...RULES, ...given.rules };
  const tokens = new TokenVerifier({
    trust: given.trust ?? { keys: secrets, rules },
    guests: given.guests,
    wallClock: () => time.nowMs,
    ...VERIFIED_TOKENS,
  });
  return { time, secrets, tokens };
}

/** What a ChatError says, or the answer. */
export async function said<T>(what: () => T | Promise<T>): Promise<T | string> {
  try {
    return await what();
  } catch (reason) {
    if (reason instanceof ChatError) return reason.code;
    throw reason;
  }
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token as nobody's library would make it. */
export function handmade(
  header: object,
  claims: unknown,
  secret: string | Buffer = SECRET,
): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** A token as an issuer's library makes it. */
export function issued(
  claims: object,
  { alg, key, kid }: { alg: string; key: KeyObject | Uint8Array; kid?: string },
): Promise<string> {
  const header = { alg, typ: "JWT", ...(kid !== undefined && { kid }) };
  return new SignJWT({ ...claims }).setProtectedHeader(header).sign(key);
}

export interface KeyPair {
  alg: string;
  kid: string;
  key: KeyObject;
  jwk: JWK;
}

export function keyPair(alg: string, kid: string): KeyPair {
  const { privateKey, publicKey } = alg.startsWith("ES")
    ? generateKeyPairSync("ec", { namedCurve: "P-256" })
    : alg === "EdDSA"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...(publicKey.export({ format: "jwk" }) as JWK), kid, alg, use: "sig" };
  return { alg, kid, key: privateKey, jwk };
}

export interface Issuer extends AsyncDisposable {
  url: URL;
  /** Requests that came. */
  asked: number;
  keys: KeyPair[];
  /** How it answers; undefined as it should. */
  answer: RequestListener | undefined;
}

/** An issuer's key set on a real HTTP server. */
export async function startIssuer(...keys: KeyPair[]): Promise<Issuer> {
  const server = createServer((request, response) => {
    issuer.asked += 1;
    if (issuer.answer !== undefined) return issuer.answer(request, response);
    response.setHeader("content-type", "application/jwk-set+json");
    response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const issuer: Issuer = {
    url: new URL(`http://127.0.0.1:${port}/jwks`),
    asked: 0,
    keys,
    answer: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return issuer;
}
