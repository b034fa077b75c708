import { createHmac, type KeyObject } from "node:crypto";
import { ChatError } from "@warren/wire";

/** HMAC algorithms of RFC 7518 §3.2, and their hashes. */
export const SHARED_ALGORITHMS = { HS256: "sha256", HS384: "sha384", HS512: "sha512" } as const;
export type SharedAlgorithm = keyof typeof SHARED_ALGORITHMS;

/** A compact JWS (RFC 7515 §7.1) whose signature nobody has checked yet. */
export interface Jws {
  readonly text: string;
  readonly algorithm: string;
  readonly type: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is signed. */
  readonly signed: string;
  /** base64url. */
  readonly signature: string;
}

/** More than any issuer writes, and what a request head holds. */
const LONGEST = 8_192;
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/** Throws a ChatError (INVALID_TOKEN) for what is no signed token, before anything costs time. */
export function readJws(text: string): Jws {
  const parts = text.length <= LONGEST ? COMPACT.exec(text) : null;
  const [, head = "", body = "", signature = ""] = parts ?? [];
  const header = jsonObject(head);
  const claims = jsonObject(body);
  if (header === undefined || claims === undefined) throw invalidToken();
  const { alg, typ, crit } = header;
  // What is critical must be understood (RFC 7515 §4.1.11), and nothing of that kind is here.
  if (typeof alg !== "string" || crit !== undefined) throw invalidToken();
  const type = typeof typ === "string" ? typ.toLowerCase() : undefined;
  return { text, algorithm: alg, type, claims, signed: `${head}.${body}`, signature };
}

/** One text for all that is wrong with a token: who forges one learns nothing from it. */
export function invalidToken(options?: ErrorOptions): ChatError {
  return new ChatError("INVALID_TOKEN", "the token is not valid", options);
}

/** A compact JWS by HMAC. `type` says what kind of token it is (RFC 8725 §3.11). */
export function signJws(
  claims: Readonly<Record<string, unknown>>,
  { algorithm, type, key }: { algorithm: SharedAlgorithm; type: string; key: KeyObject },
): string {
  const signed = `${base64Json({ alg: algorithm, typ: type })}.${base64Json(claims)}`;
  return `${signed}.${macOf(signed, algorithm, key).toString("base64url")}`;
}

export function macOf(signed: string, algorithm: SharedAlgorithm, key: KeyObject): Buffer {
  return createHmac(SHARED_ALGORITHMS[algorithm], key).update(signed).digest();
}

function base64Json(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function jsonObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
