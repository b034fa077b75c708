import type { Limits } from "../connections/ports.ts";

/** How often a key may have something. */
export interface AlertLimit {
  /** Takes one of the key's turns; false when there is none left. */
  take(key: string): Promise<boolean>;
}

/** The limit that all instances share: another of them does not begin anew. */
export function alertLimit(limits: Limits): AlertLimit {
  return { take: async (key) => (await limits.take("alert", key)) === 0 };
}
