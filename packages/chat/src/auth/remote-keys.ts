import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from "jose";
import type { Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import { invalidToken, type Jws } from "./jws.ts";
import type { TokenKeys } from "./shared-secrets.ts";

/** Signatures with a key pair (RFC 7518 §3.3 to 3.5, RFC 8037, RFC 9864): nothing shared, nothing weak. */
export const REMOTE_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export type RemoteAlgorithm = (typeof REMOTE_ALGORITHMS)[number];

export interface RemoteKeysTimes {
  /** For one fetch, its body included. */
  timeoutMs: number;
  /** Older keys are fetched again, while they go on counting. */
  freshMs: number;
  /** Older keys count no more: for so long the issuer may be away, and a stolen key of its work on. */
  staleMs: number;
  /** After a fetch that succeeded there is no other for so long, whatever strangers put into `kid`. */
  coolDownMs: number;
  /** The same after one that failed. */
  retryMs: number;
}

export const REMOTE_KEYS_TIMES: RemoteKeysTimes = {
  timeoutMs: 5_000,
  freshMs: 600_000,
  staleMs: 86_400_000,
  coolDownMs: 10_000,
  retryMs: 2_000,
};

/** What happens to the keys, for the log. */
export interface RemoteKeysEvents {
  fetched(keys: number): void;
  /** They are not what they should be, or were not had; those from before go on. */
  failed(reason: unknown): void;
}

export interface RemoteKeysOptions {
  url: URL;
  algorithms: readonly RemoteAlgorithm[];
  times: RemoteKeysTimes;
  clock: Clock;
  fetch: typeof fetch;
  events: RemoteKeysEvents;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;
const MOST_BYTES = 524_288;

/**
 * An issuer's public keys, from its JWKS URL (RFC 7517 §5), fetched when they are first needed.
 *
 * 1. One fetch at a time, and none too soon after the last.
 * 2. A token of a key that is known waits for no fetch, until the keys are too old to count.
 * 3. Who cannot be judged because the issuer is away, or has perhaps a key that is newer than the last
 *    fetch, is told to come back, not that the token is bad: clients give up for good on INVALID_TOKEN.
 */
export class RemoteKeys implements TokenKeys {
  readonly #options: RemoteKeysOptions;
  readonly #algorithms: string[];
  #keys: { set: KeySet; text: string; atMs: number } | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #lastFailed = false;
  #fetching: Promise<void> | undefined;
  #version = 0;
  #fetches = 0;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
    this.#algorithms = [...options.algorithms];
  }

  get version(): number {
    return this.#version;
  }

  async check(jws: Jws): Promise<void> {
    if (!this.#algorithms.includes(jws.algorithm)) throw invalidToken();
    const { clock, times } = this.#options;
    const before = this.#fetches;
    const ageMs = clock.now() - (this.#keys?.atMs ?? Number.NEGATIVE_INFINITY);
    if (ageMs >= times.staleMs) await this.#refresh();
    else if (ageMs >= times.freshMs) void this.#refresh();
    if (await this.#isSigned(jws)) return;
    // The issuer may have a new key.
    await this.#refresh();
    if (await this.#isSigned(jws)) return;
    if (this.#lastFailed) throw away();
    if (this.#fetches > before) throw invalidToken();
    throw notYet(this.#triedAtMs + times.coolDownMs - clock.now());
  }

  /** False when the key is not known. Rejects with a ChatError when it is and did not sign this. */
  async #isSigned(jws: Jws): Promise<boolean> {
    const keys = this.#keys;
    const { clock, times } = this.#options;
    if (keys === undefined || clock.now() - keys.atMs >= times.staleMs) return false;
    try {
      await compactVerify(jws.text, keys.set, { algorithms: this.#algorithms });
      return true;
    } catch (reason) {
      if (reason instanceof errors.JWKSNoMatchingKey) return false;
      if (reason instanceof errors.JWKSMultipleMatchingKeys)
        return this.#isSignedByOne(jws, reason);
      throw invalidToken({ cause: reason });
    }
  }

  /** A token without `kid` and a set with several keys of its kind: any of them may have signed. */
  async #isSignedByOne(jws: Jws, several: errors.JWKSMultipleMatchingKeys): Promise<boolean> {
    for await (const key of several) {
      const signed = await compactVerify(jws.text, key, { algorithms: this.#algorithms }).then(
        () => true,
        () => false,
      );
      if (signed) return true;
    }
    return false;
  }

  #refresh(): Promise<void> {
    const { clock, times } = this.#options;
    if (this.#fetching !== undefined) return this.#fetching;
    const restMs = this.#lastFailed ? times.retryMs : times.coolDownMs;
    if (clock.now() - this.#triedAtMs < restMs) return Promise.resolve();
    this.#fetching = this.#fetch();
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { clock, events } = this.#options;
    const outcome = await this.#keySet().catch((reason: unknown) => ({ reason }));
    this.#lastFailed = "reason" in outcome;
    this.#triedAtMs = clock.now();
    this.#fetching = undefined;
    this.#fetches += 1;
    if ("reason" in outcome) events.failed(outcome.reason);
    else events.fetched(outcome.keys.length);
  }

  async #keySet(): Promise<JSONWebKeySet> {
    const { clock, times } = this.#options;
    const timeout = new AbortController();
    const inTime = clock.after(times.timeoutMs, () => timeout.abort(new Error("timed out")));
    try {
      const text = await this.#text(timeout.signal);
      const set = JSON.parse(text) as JSONWebKeySet;
      // Refuses what is no key set; an empty one is more likely a mistake than a word.
      const keys = createLocalJWKSet(set);
      if (set.keys.length === 0) throw new Error("the key set is empty");
      this.#take(keys, text);
      return set;
    } finally {
      inTime();
    }
  }

  #take(set: KeySet, text: string): void {
    if (text !== this.#keys?.text) this.#version += 1;
    this.#keys = { set, text, atMs: this.#options.clock.now() };
  }

  async #text(signal: AbortSignal): Promise<string> {
    const { url, fetch } = this.#options;
    const headers = { accept: "application/jwk-set+json, application/json" };
    // Keys from where a redirect leads would be another's.
    const response = await fetch(url, { headers, signal, redirect: "error" });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the key set's server answered ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body) {
      chunks.push(chunk);
      if ((bytes += chunk.length) > MOST_BYTES) throw new Error("the key set is too large");
    }
    return Buffer.concat(chunks).toString();
  }
}

/** A key that came since the last fetch may have signed it: that is seen after the cool-down. */
function notYet(retryAfterMs: number): ChatError {
  return new ChatError("SERVICE_UNAVAILABLE", "the token's key is not known yet", { retryAfterMs });
}

function away(): ChatError {
  return new ChatError("SERVICE_UNAVAILABLE", "tokens cannot be checked for now");
}
