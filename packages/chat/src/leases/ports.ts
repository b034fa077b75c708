/** What is held by somebody for as long as they live. */
export type LeaseKind =
  /** A process that runs the chat; its counter stands for all that it holds. */
  | "instance"
  /** An answer that is being written; held by an instance. */
  | "run"
  /** A session that a person answers in; held by an admin. */
  | "takeover";

/** The user comes first, so that unique keys hold on a sharded store; "": it is about no user. */
export interface LeaseName {
  readonly kind: LeaseKind;
  readonly userId: string;
  readonly name: string;
}

export interface Lease extends LeaseName {
  /** Who has it; "": nobody, it is to be taken. */
  readonly holder: string;
  /** Grows with each holder. */
  readonly term: number;
  /** Grows with each write, and says so that the holder lives: who holds and who looks need no common clock. */
  readonly beat: number;
  /** JSON: what whoever comes after the holder must know. What people wrote is sealed in it. */
  readonly note: string;
}

/**
 * Small things with one holder at a time. Every method rejects with a `ChatError` DATABASE_ERROR while the
 * store is away; then a `put` may have been done: who looks again sees it by the beat.
 */
export interface Leases {
  get(name: LeaseName): Promise<Lease | undefined>;
  /**
   * Puts `next` in the place of `was`, durably, if that still is what is there; undefined: nothing is. False
   * if it is another by now, of a later holder, term or beat: nothing was written. What `isOnlyBeat` may be
   * lost with the machine's power.
   */
  put(name: LeaseName, was: Lease | undefined, next: Lease | undefined): Promise<boolean>;
  /** All of a kind; `holder`: of this one alone. At most `limit`. */
  list(kind: LeaseKind, holder: string | undefined, limit: number): Promise<Lease[]>;
  /** Everybody who has one of a kind. */
  holders(kind: LeaseKind): Promise<string[]>;
  /** All of a kind that others than this one have, without their notes. */
  marks(kind: LeaseKind, notOf: string): Promise<LeaseMark[]>;
}

export type LeaseMark = Omit<Lease, "note">;

export function isSameLease(a: LeaseMark, b: LeaseMark): boolean {
  return a.holder === b.holder && a.term === b.term && a.beat === b.beat;
}

/** True where its holder has said that it lives, and nothing else. */
export function isOnlyBeat(was: Lease, next: Lease): boolean {
  return was.holder === next.holder && was.term === next.term && was.note === next.note;
}

/** The lease as its holder writes it next. */
export function movedOn(lease: Lease, note: string): Lease {
  return { ...lease, beat: lease.beat + 1, note };
}

/** The lease as another one takes it. */
export function takenBy(holder: string, lease: Lease, note: string): Lease {
  return { ...lease, holder, term: lease.term + 1, beat: lease.beat + 1, note };
}

export function firstLease({ kind, userId, name }: LeaseName, holder: string, note: string): Lease {
  return { kind, userId, name, holder, term: 1, beat: 1, note };
}
