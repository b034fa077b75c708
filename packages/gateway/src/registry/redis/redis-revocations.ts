import type { Revocations } from "../../ports.ts";
import { Listeners } from "../listeners.ts";
import { KEYS } from "./keys.ts";
import type { RegistryLink } from "./registry-link.ts";
import type { VersionWatch } from "./version-watch.ts";

export interface RedisRevocationsOptions {
  link: RegistryLink;
  watch: VersionWatch;
  writeMs: number;
  /** Gives up what was claimed under the token. */
  releaseClaims: (tokenId: string) => Promise<void>;
}

/**
 * Revoked tokens: a set in Redis, and all of it here. A gateway never unlearns one, and writes what it
 * knows again, so that a flush of Redis revives no token.
 */
export class RedisRevocations implements Revocations {
  readonly #options: RedisRevocationsOptions;
  readonly #known = new Set<string>();
  readonly #heard = new Listeners<string>();

  constructor(options: RedisRevocationsOptions) {
    this.#options = options;
  }

  async revoke(tokenId: string): Promise<void> {
    this.hear(tokenId);
    // All of it also when the token is known here: the time before it may have failed halfway.
    const { link, watch, writeMs, releaseClaims } = this.#options;
    // Rejects while Redis is away: whoever revokes must know that others have not heard of it yet.
    await link.command(KEYS.revoked, ["SADD", KEYS.revoked, tokenId], writeMs);
    await watch.announce({ revoked: tokenId });
    await releaseClaims(tokenId);
  }

  async isRevoked(tokenId: string): Promise<boolean> {
    if (this.#known.has(tokenId)) return true;
    const { link, writeMs } = this.#options;
    if (!link.healthy) return false;
    const args = ["SISMEMBER", KEYS.revoked, tokenId];
    const found = await link.command(KEYS.revoked, args, writeMs).catch(() => 0);
    if (found === 1) this.hear(tokenId);
    return found === 1;
  }

  onRevoked(heard: (tokenId: string) => void): () => void {
    return this.#heard.add(heard);
  }

  async list(): Promise<string[]> {
    await this.refresh().catch(() => undefined);
    return [...this.#known].toSorted();
  }

  hear(tokenId: string): void {
    if (this.#known.has(tokenId)) return;
    this.#known.add(tokenId);
    this.#heard.tell(tokenId);
  }

  /** Learns what others have revoked, and writes what Redis has lost. Rejects while it is away. */
  async refresh(): Promise<void> {
    const { link, watch, writeMs } = this.#options;
    const all = await link.command(KEYS.revoked, ["SMEMBERS", KEYS.revoked], writeMs);
    const there = new Set(all as string[]);
    for (const tokenId of there) this.hear(tokenId);
    const lost = [...this.#known].filter((tokenId) => !there.has(tokenId));
    if (lost.length === 0) return;
    await link.command(KEYS.revoked, ["SADD", KEYS.revoked, ...lost], writeMs);
    // Others may have looked already, or never have heard of one that was revoked meanwhile.
    for (const revoked of lost) await watch.announce({ revoked });
  }
}
