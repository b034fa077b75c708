import { LRUCache } from "lru-cache";
import type { FileUpkeep } from "./ports.ts";

/** How much an owner may have stored. */
export interface Quota {
  /** Sets aside up to `most` bytes; fewer, or none, where fewer are left. */
  reserve(owner: string, most: number): Promise<Reservation>;
  /** Files of the owner were removed: what is stored is counted again. */
  recount(owner: string): void;
}

export interface Reservation {
  bytes: number;
  /** Gives back what was not used. Once. */
  settle(usedBytes: number): void;
}

export interface StoredQuotaOptions {
  mostBytes: number;
  /** How long a sum is believed, while files are removed and other instances store theirs. */
  believedMs: number;
  /** Owners whose sums are remembered. */
  mostOwners: number;
}

interface Space {
  /** What was found stored, when it was last counted. */
  counted: Promise<number>;
  countedAtMs: number;
  /** Stored since, here. */
  added: number;
  reserved: number;
}

/** Sums up what is stored. Several instances may each let an owner exceed by what they have under way. */
export function storedQuota(
  files: FileUpkeep,
  options: StoredQuotaOptions,
  nowMs: () => number,
): Quota {
  const { mostBytes, believedMs, mostOwners } = options;
  const spaces = new LRUCache<string, Space>({ max: mostOwners });
  const count = (owner: string, reserved: number): Space => {
    const counted = sumOf(files, owner);
    // A count that failed is not believed, and whoever waits for it hears of it.
    counted.catch(() => spaces.delete(owner));
    return { counted, countedAtMs: nowMs(), added: 0, reserved };
  };
  /** Without a wait in it: two who come together share a count. */
  const spaceOf = (owner: string): Space => {
    const known = spaces.get(owner);
    if (known !== undefined && nowMs() - known.countedAtMs < believedMs) return known;
    const fresh = count(owner, known?.reserved ?? 0);
    // What is reserved is given back to the same space.
    const space = known === undefined ? fresh : Object.assign(known, fresh);
    spaces.set(owner, space);
    return space;
  };
  return {
    recount(owner) {
      const space = spaces.get(owner);
      if (space !== undefined) space.countedAtMs = -Infinity;
    },
    async reserve(owner, most) {
      const space = spaceOf(owner);
      const stored = await space.counted;
      const free = mostBytes - stored - space.added - space.reserved;
      const bytes = Math.max(0, Math.min(most, free));
      space.reserved += bytes;
      let isSettled = false;
      return {
        bytes,
        settle(usedBytes) {
          if (isSettled) return;
          isSettled = true;
          space.reserved -= bytes;
          space.added += usedBytes;
        },
      };
    },
  };
}

async function sumOf(files: FileUpkeep, owner: string): Promise<number> {
  let bytes = 0;
  for await (const file of files.ofOwner(owner)) bytes += file.bytes;
  return bytes;
}
