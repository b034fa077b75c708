import type { Clock } from "@warren/host";
import { LRUCache } from "lru-cache";

/** How often a key may have something. Instances may share one. */
export interface AlertLimit {
  /** Takes one of the key's turns; false when there is none left. */
  take(key: string): Promise<boolean>;
}

export interface AlertLimitOptions {
  most: number;
  windowMs: number;
  /** Keys beyond this are forgotten, longest unused first: they start afresh. */
  mostKeys: number;
}

/** Five alerts of a key in any five minutes. */
export const ALERT_LIMIT: AlertLimitOptions = { most: 5, windowMs: 300_000, mostKeys: 100_000 };

/** A sliding window in this process's memory. */
export function memoryAlertLimit(options: AlertLimitOptions, clock: Clock): AlertLimit {
  const { most, windowMs, mostKeys } = options;
  const taken = new LRUCache<string, readonly number[]>({ max: mostKeys });
  return {
    async take(key) {
      const now = clock.now();
      const recent = (taken.get(key) ?? []).filter((at) => now - at < windowMs);
      if (recent.length >= most) return false;
      taken.set(key, [...recent, now]);
      return true;
    },
  };
}
