import type { KeyObject } from "node:crypto";
import { unwrapKey } from "./data-key.ts";
import type { MasterKeys } from "./master-keys.ts";
import type { KeyRecord } from "./ports.ts";
import { SealError, type SealFailure } from "./seal-error.ts";

/** A data key in memory. */
export interface HeldKey {
  readonly keyId: string;
  readonly key: KeyObject;
  readonly createdAtMs: number;
  /** Texts that this process sealed with it. */
  sealed: number;
}

/** A session's data keys, unwrapped. One that cannot be unwrapped is held as the reason why. */
export class HeldSession {
  readonly heldSinceMs: number;
  readonly #keys = new Map<string, HeldKey | SealFailure>();
  #newest: HeldKey | SealFailure | undefined;
  #newestNumber = 0;
  #isWhole = true;

  constructor(heldSinceMs: number) {
    this.heldSinceMs = heldSinceMs;
  }

  /** Whether every key could be unwrapped. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Of the newest key, 0 when there is none. */
  get number(): number {
    return this.#newestNumber;
  }

  /**
   * Seals what is new; undefined when the session has no key yet. Throws a SealError when it cannot
   * be unwrapped: sealing on under another key would hide that the master key is a wrong one.
   */
  get newest(): HeldKey | undefined {
    return orThrow(this.#newest);
  }

  /** Undefined when there is none of that id. Throws a SealError when it cannot be unwrapped. */
  get(keyId: string): HeldKey | undefined {
    return orThrow(this.#keys.get(keyId));
  }

  /** What was counted in `before` is counted on. */
  async add(record: KeyRecord, masters: MasterKeys, before = NOTHING_HELD): Promise<void> {
    const key = await unwrap(record, masters);
    const known = before.#keys.get(record.keyId);
    if (typeof key !== "string" && typeof known === "object") key.sealed = known.sealed;
    this.#keys.set(record.keyId, key);
    this.#isWhole &&= typeof key !== "string";
    if (record.number <= this.#newestNumber) return;
    this.#newestNumber = record.number;
    this.#newest = key;
  }
}

const NOTHING_HELD = new HeldSession(0);

async function unwrap(record: KeyRecord, masters: MasterKeys): Promise<HeldKey | SealFailure> {
  const master = masters.get(record.masterKeyId) ?? (await masters.find(record.masterKeyId));
  if (master === undefined) return "unknown_master_key";
  const key = unwrapKey(record, master);
  if (key === undefined) return "damaged_key";
  return { keyId: record.keyId, key, createdAtMs: record.createdAtMs, sealed: 0 };
}

function orThrow(key: HeldKey | SealFailure | undefined): HeldKey | undefined {
  if (typeof key === "string") throw new SealError(key);
  return key;
}
