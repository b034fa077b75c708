import type { ServerFrames, WireEntry } from "@warren/wire";
import { has, merged, numberOf, type Position, type Versions } from "./versions.ts";
import { inOrder } from "./view.ts";

/** Entries of one origin that are missing below one that came. */
export interface Gap {
  readonly origin: string;
  readonly from: number;
  readonly to: number;
}

/** What is kept of a log for the next time. */
export interface LogRecord {
  readonly entries: readonly WireEntry[];
  readonly versions: Versions;
  readonly floor: Versions;
}

/** Entries that wait for those before them: more come with a resume. */
const MOST_HELD = 1_000;

/**
 * The part of a session's log that this client has.
 *
 * 1. Of each origin it has all from above its floor up to its version: never a hole in between.
 * 2. What comes too early waits until what is before it has come.
 * 3. What comes again changes nothing.
 */
export class SessionLog {
  readonly #entries = new Map<string, WireEntry>();
  readonly #held = new Map<string, WireEntry>();
  #versions: Versions = {};
  /** Of each origin the number up to which older entries exist that were not loaded. */
  #floor: Versions = {};
  #hlc = 0;

  static of(record: LogRecord): SessionLog {
    const log = new SessionLog();
    for (const entry of record.entries) log.#put(entry);
    log.#versions = record.versions;
    log.#floor = record.floor;
    return log;
  }

  get versions(): Versions {
    return this.#versions;
  }

  get floor(): Versions {
    return this.#floor;
  }

  /** The highest time of all entries. */
  get hlc(): number {
    return this.#hlc;
  }

  get hasOlder(): boolean {
    return Object.values(this.#floor).some((number) => number > 0);
  }

  entries(): Iterable<WireEntry> {
    return this.#entries.values();
  }

  /** Takes an entry as it comes. Returns what became part of the log: none where it waits or is known. */
  add(entry: WireEntry): WireEntry[] {
    if (has(this.#versions, entry)) return [];
    if (entry.number > numberOf(this.#versions, entry.origin) + 1) {
      if (this.#held.size < MOST_HELD) this.#held.set(keyOf(entry), entry);
      return [];
    }
    const added: WireEntry[] = [];
    for (let next: WireEntry | undefined = entry; next !== undefined; next = this.#heldNext(next)) {
      this.#put(next);
      this.#versions = { ...this.#versions, [next.origin]: next.number };
      added.push(next);
    }
    return added;
  }

  /** What a resume brought. Returns what is new. */
  resumed(state: Pick<State, "mode" | "entries" | "versions" | "older">): WireEntry[] {
    if (state.mode === "delta") return state.entries.flatMap((entry) => this.add(entry));
    const older = state.older ?? {};
    const before = this.#versions;
    for (const [key, entry] of this.#entries) if (has(older, entry)) this.#entries.delete(key);
    for (const entry of state.entries) this.#put(entry);
    this.#floor = older;
    this.#versions = merged(this.#versions, state.versions);
    return [...state.entries.filter((entry) => !has(before, entry)), ...this.#releaseHeld()];
  }

  /** A page of older entries. False where it does not join what is here: it was asked for by another. */
  older(entries: readonly WireEntry[], older: Versions): boolean {
    const joins = Object.keys(this.#floor).every((origin) => {
      const numbers = entries
        .filter((entry) => entry.origin === origin)
        .map(({ number }) => number);
      return Math.max(numberOf(older, origin), ...numbers) >= numberOf(this.#floor, origin);
    });
    if (!joins) return false;
    for (const entry of entries) if (has(this.#floor, entry)) this.#put(entry);
    this.#floor = Object.fromEntries(
      Object.entries(this.#floor)
        .map(([origin, number]) => [origin, Math.min(number, numberOf(older, origin))] as const)
        .filter(([, number]) => number > 0),
    );
    return true;
  }

  /** What is missing below what waits. */
  gaps(): Gap[] {
    const first = new Map<string, number>();
    for (const { origin, number } of this.#held.values()) {
      first.set(origin, Math.min(number, first.get(origin) ?? number));
    }
    return [...first].map(([origin, number]) => ({
      origin,
      from: numberOf(this.#versions, origin) + 1,
      to: number - 1,
    }));
  }

  /** The newest entries, at most `limit`, as a log that is complete above its floor. */
  record(limit: number): LogRecord {
    const sorted = [...this.#entries.values()].sort(inOrder);
    const entries = sorted.slice(Math.max(0, sorted.length - limit));
    if (entries.length === sorted.length) {
      return { entries, versions: this.#versions, floor: this.#floor };
    }
    const floor: Record<string, number> = { ...this.#versions };
    for (const { origin, number } of entries.toReversed()) floor[origin] = number - 1;
    return { entries, versions: this.#versions, floor };
  }

  #put(entry: WireEntry): void {
    this.#entries.set(keyOf(entry), entry);
    this.#hlc = Math.max(this.#hlc, entry.hlc);
  }

  #heldNext({ origin, number }: Position): WireEntry | undefined {
    const key = keyOf({ origin, number: number + 1 });
    const next = this.#held.get(key);
    this.#held.delete(key);
    return next;
  }

  #releaseHeld(): WireEntry[] {
    const held = [...this.#held.values()].sort((a, b) => a.number - b.number);
    this.#held.clear();
    return held.flatMap((entry) => this.add(entry));
  }
}

type State = ServerFrames["resumed"]["sessions"][number];

function keyOf({ origin, number }: Position): string {
  return `${origin} ${number}`;
}
