import { LRUCache } from "lru-cache";
import { randomId, type Clock } from "@warren/host";
import { makeDataKey } from "./data-key.ts";
import { HeldSession, type HeldKey } from "./held-session.ts";
import type { MasterKeys } from "./master-keys.ts";
import type { KeyStore } from "./ports.ts";
import { SealError } from "./seal-error.ts";

export interface SessionKeysLimits {
  /** Sessions whose keys are held in memory; about 1 KiB each. */
  mostSessions: number;
  /** Then the store is asked again: an instance that never heard of an erasure forgets the keys by then. */
  keepMs: number;
  /** The same where a key could not be unwrapped: a master key may have come meanwhile. */
  retryMs: number;
  /** Texts that one process seals with one data key. */
  replaceAfterTexts: number;
  /** Age of a data key at which what is new gets another one. */
  replaceAfterMs: number;
}

/**
 * With random nonces a key may seal 2^32 texts (NIST SP 800-38D §8.3). Nobody counts over instances and
 * restarts, so both bounds stay far below: within 90 days that number is 552 texts a second in one
 * session, and 4,096 processes would have to reach theirs.
 */
export const SESSION_KEYS_LIMITS: SessionKeysLimits = {
  mostSessions: 20_000,
  keepMs: 300_000,
  retryMs: 10_000,
  replaceAfterTexts: 2 ** 20,
  replaceAfterMs: 90 * 86_400_000,
};

export interface SessionKeysOptions {
  store: KeyStore;
  masters: MasterKeys;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  limits: SessionKeysLimits;
}

/** Whose session it is; a `Place` fits. */
type Owner = { userId: string; sessionId: string };

/**
 * The data keys of many sessions, unwrapped and held in memory while they are in use.
 *
 * 1. Whoever asks while a session's keys are on their way gets the same ones.
 * 2. What was on its way when the session was forgotten is not held afterwards.
 * 3. A key that cannot be unwrapped is never replaced by a new one.
 */
export class SessionKeys {
  readonly #options: SessionKeysOptions;
  readonly #held: LRUCache<string, HeldSession>;
  readonly #loads = new Map<string, Promise<HeldSession>>();
  readonly #additions = new Map<string, Promise<HeldSession>>();

  constructor(options: SessionKeysOptions) {
    this.#options = options;
    this.#held = new LRUCache({ max: options.limits.mostSessions });
  }

  /** The key that seals, if it is in memory and need not be replaced. Throws a SealError. */
  sealingNow(owner: Owner): HeldKey | undefined {
    const key = this.#fresh(nameOf(owner))?.newest;
    return key !== undefined && this.#isGood(key) ? key : undefined;
  }

  /** Rejects with a SealError, or as the store does. */
  async sealing(owner: Owner): Promise<HeldKey> {
    const held = this.#fresh(nameOf(owner)) ?? (await this.#load(owner));
    const key = held.newest;
    if (key !== undefined && this.#isGood(key)) return key;
    const renewed = await this.#once(this.#additions, owner, () => this.#addKey(owner, held));
    if (renewed.newest === undefined) throw new SealError("unknown_key");
    return renewed.newest;
  }

  /** The key of that id, if it is in memory. Throws a SealError. */
  openingNow(owner: Owner, keyId: string): HeldKey | undefined {
    return this.#fresh(nameOf(owner))?.get(keyId);
  }

  /** Rejects with a SealError, or as the store does. */
  async opening(owner: Owner, keyId: string): Promise<HeldKey> {
    const key =
      this.openingNow(owner, keyId) ??
      (await this.#load(owner)).get(keyId) ??
      // The load that was under way may have begun before another instance added the key.
      (await this.#load(owner)).get(keyId);
    if (key === undefined) throw new SealError("unknown_key");
    return key;
  }

  /** Drops the session's keys from memory: it was erased, here or elsewhere. */
  forget(owner: Owner): void {
    const name = nameOf(owner);
    this.#held.delete(name);
    this.#loads.delete(name);
    this.#additions.delete(name);
  }

  /** Whether the session was erased. Rejects as the store does. */
  async isDestroyed(owner: Owner): Promise<boolean> {
    if (this.#fresh(nameOf(owner)) !== undefined) return false;
    return this.#load(owner).then(
      () => false,
      (reason: unknown) => {
        if (reason instanceof SealError && reason.reason === "destroyed") return true;
        throw reason;
      },
    );
  }

  /** Destroys the session's keys: nothing that they sealed can be read again, in backups neither. */
  async destroy(owner: Owner): Promise<void> {
    await this.#options.store.destroy(owner.userId, owner.sessionId);
    this.forget(owner);
  }

  #isGood({ sealed, createdAtMs }: HeldKey): boolean {
    const { wallClock, limits } = this.#options;
    return sealed < limits.replaceAfterTexts && wallClock() - createdAtMs < limits.replaceAfterMs;
  }

  #fresh(name: string): HeldSession | undefined {
    const held = this.#held.get(name);
    const { clock, limits } = this.#options;
    if (held === undefined) return undefined;
    const keepMs = held.isWhole ? limits.keepMs : limits.retryMs;
    return clock.now() - held.heldSinceMs < keepMs ? held : undefined;
  }

  #load(owner: Owner): Promise<HeldSession> {
    return this.#once(this.#loads, owner, async () => {
      const records = await this.#options.store.get(owner.userId, owner.sessionId);
      if (records === "destroyed") throw new SealError("destroyed");
      const before = this.#held.peek(nameOf(owner));
      const held = new HeldSession(this.#options.clock.now());
      for (const record of records) await held.add(record, this.#options.masters, before);
      return held;
    });
  }

  async #addKey(owner: Owner, held: HeldSession): Promise<HeldSession> {
    const { store, masters, wallClock } = this.#options;
    const name = {
      userId: owner.userId,
      sessionId: owner.sessionId,
      number: held.number + 1,
      keyId: randomId(8),
      createdAtMs: wallClock(),
    };
    const stored = await store.putIfAbsent(makeDataKey(name, masters.current));
    if (stored === "destroyed") throw new SealError("destroyed");
    await held.add(stored, masters);
    return held;
  }

  async #once(
    under: Map<string, Promise<HeldSession>>,
    owner: Owner,
    get: () => Promise<HeldSession>,
  ): Promise<HeldSession> {
    const name = nameOf(owner);
    const joined = under.get(name);
    if (joined !== undefined) return joined;
    const own = get();
    under.set(name, own);
    const wasForgotten = () => under.get(name) !== own;
    try {
      const held = await own;
      if (!wasForgotten()) this.#held.set(name, held);
      return held;
    } catch (reason) {
      if (reason instanceof SealError && !wasForgotten()) this.#held.delete(name);
      throw reason;
    } finally {
      if (!wasForgotten()) under.delete(name);
    }
  }
}

/** One text for one owner: session ids have no fixed length here. */
function nameOf({ userId, sessionId }: Owner): string {
  return `${sessionId.length}.${sessionId}${userId}`;
}
