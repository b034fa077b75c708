import { createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import { invalidToken, macOf, type Jws, type SharedAlgorithm } from "./jws.ts";

/** What checks the signatures of users' tokens. */
export interface TokenKeys {
  /** Grows when a key that counted counts no more: what was found good before may not be now. */
  readonly version: number;
  /**
   * Throws, or rejects with, a ChatError: INVALID_TOKEN, or SERVICE_UNAVAILABLE when nobody can tell
   * for now. Algorithms that were not asked for are invalid whatever they sign.
   */
  check(jws: Jws): void | Promise<void>;
}

/**
 * Secrets that this service shares with those who sign tokens: HMAC, checked at once and offline. Any
 * of the secrets counts, so that one can be replaced while tokens of the former are out.
 */
export class SharedSecrets implements TokenKeys {
  readonly #algorithms: readonly SharedAlgorithm[];
  #keys: readonly KeyObject[];
  #version = 0;

  constructor(secrets: readonly string[], algorithms: readonly SharedAlgorithm[] = ["HS256"]) {
    this.#algorithms = algorithms;
    this.#keys = secrets.map(keyOf);
  }

  get version(): number {
    return this.#version;
  }

  replace(secrets: readonly string[]): void {
    const keys = secrets.map(keyOf);
    const same = keys.length === this.#keys.length;
    if (same && keys.every((key, at) => key.equals(this.#keys[at]!))) return;
    this.#keys = keys;
    this.#version += 1;
  }

  check(jws: Jws): void {
    const algorithm = this.#algorithms.find((name) => name === jws.algorithm);
    if (algorithm === undefined) throw invalidToken();
    if (!this.#keys.some((key) => isSignedBy(jws, algorithm, key))) throw invalidToken();
  }
}

/** A secret's text as the seed's library takes it: its bytes, not what they may encode. */
export function keyOf(secret: string): KeyObject {
  return createSecretKey(secret, "utf8");
}

export function isSignedBy(jws: Jws, algorithm: SharedAlgorithm, key: KeyObject): boolean {
  const signature = Buffer.from(jws.signature, "base64url");
  const mac = macOf(jws.signed, algorithm, key);
  return signature.length === mac.length && timingSafeEqual(signature, mac);
}
