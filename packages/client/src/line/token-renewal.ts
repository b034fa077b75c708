import { Alarm, type Clock } from "../clock.ts";
import { expiryOf } from "./token-claims.ts";

export interface TokenRenewalOptions {
  token: () => Promise<string>;
  clock: Clock;
  failed: (reason: unknown) => void;
  renewed: (token: string) => void;
}

/** How long before its end a token is replaced, at most a fifth of what is left of it. */
const AHEAD_MS = 60_000;
const RETRY_MS = 10_000;

/** Has a fresh token for a live socket before the one that it came with ends. */
export class TokenRenewal {
  readonly #options: TokenRenewalOptions;
  readonly #alarm: Alarm;
  /** What the service's clock is ahead of ours. */
  #aheadMs = 0;
  #watched = "";

  constructor(options: TokenRenewalOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
  }

  /** `serviceMs`: what the service's clock says now, epoch milliseconds. This device's may be wrong. */
  watch(token: string, serviceMs: number): void {
    this.#aheadMs = serviceMs - this.#options.clock.now();
    this.#await(token);
  }

  stop(): void {
    this.#alarm.clear();
    this.#watched = "";
  }

  #await(token: string): void {
    this.#watched = token;
    const expiry = expiryOf(token);
    if (expiry === undefined) return;
    const leftMs = expiry * 1_000 - (this.#options.clock.now() + this.#aheadMs);
    if (leftMs <= 0) return;
    this.#alarm.set(leftMs - Math.min(AHEAD_MS, leftMs / 5), () => void this.#renew(token));
  }

  async #renew(old: string): Promise<void> {
    const { token, renewed, failed } = this.#options;
    try {
      const fresh = await token();
      if (this.#watched !== old) return;
      if (fresh === old) throw new Error("the token callback gave the token that is about to end");
      renewed(fresh);
      this.#await(fresh);
    } catch (reason) {
      failed(reason);
      // Until the socket is closed: then there is a new try, with a new token.
      if (this.#watched === old) this.#alarm.set(RETRY_MS, () => void this.#renew(old));
    }
  }
}
