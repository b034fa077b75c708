import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { identityOf, type ClaimRules } from "./claims.ts";
import type { GuestTokens } from "./guest-tokens.ts";
import type { Identity } from "./identity.ts";
import { invalidToken, readJws, type Jws } from "./jws.ts";
import type { RemoteKeys } from "./remote-keys.ts";
import type { SharedSecrets } from "./shared-secrets.ts";

/** Whose tokens count. Many sign with the keys of a public issuer, so there its name must be right too. */
export type TokenTrust =
  | { keys: SharedSecrets; rules: ClaimRules }
  | { keys: RemoteKeys; rules: ClaimRules & { issuer: string; audience: string } };

export interface TokenVerifierOptions {
  trust: TokenTrust;
  /** Undefined where there are no guests: their tokens are invalid then. */
  guests: GuestTokens | undefined;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** Tokens that are remembered as verified. */
  mostVerified: number;
  /** For at most so long, and never beyond their end. */
  verifiedMs: number;
}

/** A reconnecting crowd is known again; about 300 bytes each. */
export const VERIFIED_TOKENS = { mostVerified: 20_000, verifiedMs: 300_000 };

interface Verified {
  identity: Identity;
  untilMs: number;
  version: number;
}

/** Says who a token stands for. Tokens are remembered by their SHA-256 only. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #verified: LRUCache<string, Verified>;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#verified = new LRUCache({ max: options.mostVerified });
  }

  /**
   * Rejects with a ChatError: INVALID_TOKEN, EXPIRED_TOKEN, or SERVICE_UNAVAILABLE when the issuer's
   * keys cannot be had, which is no word on the token.
   */
  async verify(token: string): Promise<Identity> {
    const { trust, wallClock, verifiedMs } = this.#options;
    const digest = hash("sha256", token, "base64url");
    const known = this.#verified.get(digest);
    const nowMs = wallClock();
    const { version } = trust.keys;
    if (known !== undefined && known.version === version && nowMs < known.untilMs)
      return known.identity;
    const identity = await this.#identify(readJws(token));
    const untilMs = Math.min(identity.expiresAtMs, nowMs + verifiedMs);
    // As it was before the look: keys that were taken away meanwhile may have been what it was found good by.
    this.#verified.set(digest, { identity, untilMs, version });
    return identity;
  }

  async #identify(jws: Jws): Promise<Identity> {
    const { trust, guests, wallClock } = this.#options;
    if (guests?.isOne(jws) === true) return guests.identify(jws, wallClock());
    // A token for something else that the same key signs is no token for this (RFC 8725 §3.11).
    if (jws.type !== undefined && !USER_TYPES.includes(jws.type)) throw invalidToken();
    await trust.keys.check(jws);
    return identityOf(jws.claims, trust.rules, wallClock());
  }
}

const USER_TYPES = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];
