import { setImmediate as endOfTurn } from "node:timers/promises";
import { rewrapKey } from "./data-key.ts";
import type { MasterKeys } from "./master-keys.ts";
import type { KeyRecord, KeyStore, SealedValue, SealedValues } from "./ports.ts";
import { SealError } from "./seal-error.ts";
import { openValue, sealValue } from "./values.ts";

export interface Rotated {
  /** Now under the current master key. */
  renewed: number;
  /** Under a master key that is not configured, or damaged: left as they were. */
  unreadable: number;
  /** Nothing is left but the unreadable: when there are none, former keys may be taken away. */
  complete: boolean;
}

const PAGE = 200;
/** While an instance seals under a former key still, every pass finds some more. */
const MOST_PASSES = 10;

/**
 * Puts every data key under the current master key, page by page; content is not touched. Other
 * instances go on meanwhile, as long as they know both keys. It may end anywhere, by `signal` too, and
 * be run again, also twice at once. Rejects as the store does.
 */
export function rotateKeys(
  store: KeyStore,
  masters: MasterKeys,
  signal: AbortSignal,
): Promise<Rotated> {
  const to = masters.current;
  const renew = async (record: KeyRecord): Promise<Renewal> => {
    const from = masters.get(record.masterKeyId);
    const fresh = from && rewrapKey(record, from, { master: to, userId: record.userId });
    if (fresh === undefined) return "unreadable";
    return (await store.rewrap(fresh, record.masterKeyId)) ? "renewed" : "changed";
  };
  return rotate(
    async (after) => {
      const { records, next } = await store.wrappedByOthers(to.id, after, PAGE);
      return { items: records, next };
    },
    renew,
    signal,
  );
}

/** The same for values that are looked up; `use` as they were sealed for. */
export function rotateValues(
  { values, use }: { values: SealedValues; use: string },
  masters: MasterKeys,
  signal: AbortSignal,
): Promise<Rotated> {
  const renew = async (value: SealedValue): Promise<Renewal> => {
    const fresh = resealed(value, use, masters);
    if (fresh === undefined) return "unreadable";
    return (await values.replace(value, fresh)) ? "renewed" : "changed";
  };
  const { id } = masters.current;
  return rotate(
    async (after) => {
      const page = await values.sealedByOthers(id, after, PAGE);
      return { items: page.values, next: page.next };
    },
    renew,
    signal,
  );
}

function resealed(value: SealedValue, use: string, masters: MasterKeys): SealedValue | undefined {
  const place = { use, id: value.id };
  try {
    return sealValue(openValue(value.sealed, place, masters), place, masters);
  } catch (reason) {
    if (reason instanceof SealError) return undefined;
    throw reason;
  }
}

/** `changed`: another did it, or it is gone. */
type Renewal = "renewed" | "changed" | "unreadable";
type Pages<T> = (
  after: string | undefined,
) => Promise<{ items: readonly T[]; next: string | undefined }>;

async function rotate<T>(
  pages: Pages<T>,
  renew: (item: T) => Promise<Renewal>,
  signal: AbortSignal,
): Promise<Rotated> {
  let renewed = 0;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const counts = { renewed: 0, changed: 0, unreadable: 0 };
    let next: string | undefined;
    do {
      if (signal.aborted) {
        return {
          renewed: renewed + counts.renewed,
          unreadable: counts.unreadable,
          complete: false,
        };
      }
      const page = await pages(next);
      // Together: a store that commits what is queued at once does so for a whole page.
      for (const renewal of await Promise.all(page.items.map(renew))) counts[renewal] += 1;
      next = page.next;
      // A store in memory never waits by itself, and others must have their turn.
      await endOfTurn();
    } while (next !== undefined);
    renewed += counts.renewed;
    if (counts.renewed + counts.changed === 0)
      return { renewed, unreadable: counts.unreadable, complete: true };
  }
  return { renewed, unreadable: 0, complete: false };
}
