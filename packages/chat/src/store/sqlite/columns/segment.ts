import type { Figures } from "../../../sessions/figures.ts";
import { traitsOf } from "../../../sessions/list-plan.ts";
import { NO_END } from "../../../sessions/order.ts";

const BITS = 11;
/** Rows of a segment: what is loaded at once, in a few milliseconds. */
export const SEGMENT_ROWS = 1 << BITS;
/** 128 bits of a session id. */
export const ID_WORDS = 4;
/** Kind of a place without a row; with one it is 1 + `traitsOf`. */
const NOBODY = 0;
export const KINDS = 9;

export function segmentOf(row: number): number {
  return row >>> BITS;
}

export function placeIn(row: number): number {
  return row & (SEGMENT_ROWS - 1);
}

/** Of the four 32-bit words of a session id the one at `word`. */
export function idWord(sessionId: string, word: number): number {
  return Number.parseInt(sessionId.slice(word * 8, word * 8 + 8), 16);
}

const COLUMNS = ["startMs", "endMs", "messageCount", "totalTokens", "lastActivityMs"] as const;
export type ColumnName = (typeof COLUMNS)[number];

/** What lists need of the figures. */
export type Listed = Pick<Figures, ColumnName | "adminAssisted" | "helpOpen">;

export interface ColumnRow {
  readonly figures: Listed;
  /** Number of the user. */
  readonly user: number;
  readonly sessionId: string;
}

/** Neighbouring rows, column by column: 61 bytes for each. */
export class Segment {
  readonly kinds = new Uint8Array(SEGMENT_ROWS);
  readonly users = new Uint32Array(SEGMENT_ROWS);
  readonly ids = new Uint32Array(SEGMENT_ROWS * ID_WORDS);
  readonly columns = ofEach(() => new Float64Array(SEGMENT_ROWS));
  /** How many rows there are of each kind. */
  readonly counts = new Uint32Array(KINDS);
  /**
   * Bounds of what was ever in a column: a segment that has nothing to give is passed over. The low one
   * of ends is of sessions that have ended.
   */
  readonly low = ofEach(() => Infinity);
  readonly high = ofEach(() => -Infinity);
  /** Places that were ever taken are below this. */
  used = 0;

  /** The user whose row this replaces, if it does. */
  set(at: number, { figures, user, sessionId }: ColumnRow): number | undefined {
    const former = this.clear(at);
    const kind = 1 + traitsOf(figures);
    this.kinds[at] = kind;
    this.counts[kind]! += 1;
    this.users[at] = user;
    for (let word = 0; word < ID_WORDS; word += 1) {
      this.ids[at * ID_WORDS + word] = idWord(sessionId, word);
    }
    for (const name of COLUMNS) this.#put(name, at, figures[name] ?? NO_END);
    this.used = Math.max(this.used, at + 1);
    return former;
  }

  /** The user whose row was there, if one was. */
  clear(at: number): number | undefined {
    const kind = this.kinds[at]!;
    if (kind === NOBODY) return undefined;
    this.counts[kind]! -= 1;
    this.kinds[at] = NOBODY;
    return this.users[at];
  }

  get isEmpty(): boolean {
    return this.counts.every((count) => count === 0);
  }

  /** The users of its rows, one for each row. */
  *rowUsers(): Generator<number> {
    for (let at = 0; at < this.used; at += 1) if (this.kinds[at] !== NOBODY) yield this.users[at]!;
  }

  #put(name: ColumnName, at: number, value: number): void {
    this.columns[name][at] = value;
    // Of ends, that there is none is not one: it would hide all others.
    const isNone = name === "endMs" && value === NO_END;
    if (value < this.low[name] && !isNone) this.low[name] = value;
    if (value > this.high[name]) this.high[name] = value;
  }
}

function ofEach<T>(make: () => T): Record<ColumnName, T> {
  return Object.fromEntries(COLUMNS.map((name) => [name, make()])) as Record<ColumnName, T>;
}
