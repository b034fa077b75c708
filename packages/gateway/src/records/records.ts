import type * as v from "valibot";

/** How a record is kept. */
export interface Keeping {
  /**
   * A record of a higher fence stays: a writer that lost its lease meanwhile changes nothing.
   * Undefined: this one goes above whatever is there.
   */
  readonly fence: number | undefined;
  /** Epoch milliseconds from which on nobody needs it. */
  readonly untilMs: number;
}

export interface Kept<T> {
  readonly fence: number;
  readonly value: T;
}

/**
 * Small records under ids, as gateways share them: in memory or a folder for a lone one, in Redis for
 * many. Ids are any text. A record past its `untilMs` may be gone, and may still be there.
 */
export interface Records<T> {
  /** Every id with its fence, which grows with each change; only where records are listed. */
  list(): Promise<ReadonlyMap<string, number>>;
  /** Undefined when there is none, or it cannot be read any more (another key, another version). */
  read(id: string): Promise<Kept<T> | undefined>;
  /** False when one of a higher fence is there. */
  put(id: string, value: T, how: Keeping): Promise<boolean>;
  remove(id: string): Promise<void>;
  /** Hears of changes that other gateways make, as far as they are heard of: `list` tells the rest. */
  onChange(heard: (id: string) => void): () => void;
}

/** One gateway at a time does something. */
export interface Lease {
  /** Grows each time that the lease is taken. */
  readonly fence: number;
  /** False when another has it by now. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

export interface Leases {
  /** Undefined while another has it. One that dies loses it after `LEASE_MS`. */
  take(name: string): Promise<Lease | undefined>;
  /** Takes one of `most` that may be taken in an hour; false when there are none left. */
  spend(name: string, most: number): Promise<boolean>;
}

/** Life of a lease that is not renewed. */
export const LEASE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** What a kind of records is called, and what is in one. */
export interface RecordKind<T> {
  readonly name: string;
  readonly schema: v.GenericSchema<unknown, T>;
  /** Whether `list` is needed: short-lived ones are not listed. */
  readonly listed: boolean;
  /** Sealed wherever it leaves the machine. */
  readonly secret: boolean;
}

/** Opens records of one kind after another, and the leases beside them. */
export interface RecordStore extends AsyncDisposable {
  records<T>(kind: RecordKind<T>): Records<T>;
  readonly leases: Leases;
}
