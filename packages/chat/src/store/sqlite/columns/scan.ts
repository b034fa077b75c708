import { isActive, TOTAL_COUNTED, type ListPlan } from "../../../sessions/list-plan.ts";
import { NO_END } from "../../../sessions/order.ts";
import type { SortBy } from "../../../sessions/ports.ts";
import { Least } from "./least.ts";
import {
  ID_WORDS,
  idWord,
  KINDS,
  placeIn,
  SEGMENT_ROWS,
  type ColumnName,
  type Segment,
} from "./segment.ts";
import type { Users } from "./users.ts";

export interface Found {
  /** Of the page and one more, in order. */
  readonly rows: readonly number[];
  /** Exact up to `TOTAL_COUNTED`. */
  readonly total: number;
}

/** A segment, and the number of its first row. */
export interface Placed {
  readonly segment: Segment;
  readonly first: number;
}

const COLUMN_OF: Partial<Record<SortBy, ColumnName>> = {
  start_time: "startMs",
  end_time: "endMs",
  message_count: "messageCount",
  total_tokens: "totalTokens",
  last_activity: "lastActivityMs",
};

/** No user has this number. */
const NOBODY = -1;

/**
 * Looks at the rows for one page. Its worst case is to look at each once: where they are, or how they
 * are related, makes no difference. Keys are negative where the order descends, so that the least come
 * first.
 */
export class Scan {
  readonly #plan: ListPlan;
  readonly #users: Users;
  readonly #sign: 1 | -1;
  readonly #column: ColumnName | undefined;
  readonly #listed = new Uint8Array(KINDS);
  readonly #listsActive: boolean;
  readonly #user: number | undefined;
  readonly #afterKey: number;
  readonly #afterId: Uint32Array | undefined;
  readonly #least: Least;
  readonly #scratch = new Float64Array(SEGMENT_ROWS);
  #total = 0;

  constructor(plan: ListPlan, users: Users, segmentAt: (row: number) => Segment) {
    this.#plan = plan;
    this.#users = users;
    this.#sign = plan.descending ? -1 : 1;
    this.#column = COLUMN_OF[plan.sortBy];
    for (const [traits, isListed] of plan.traits.entries()) this.#listed[1 + traits] = +isListed;
    this.#listsActive = plan.traits.some((isListed, traits) => isListed && isActive(traits));
    this.#user = plan.userId === undefined ? undefined : (users.numberOf(plan.userId) ?? NOBODY);
    const { after } = plan;
    this.#afterKey = after === undefined ? -Infinity : this.#sign * this.#numberOf(after.value);
    this.#afterId = after && wordsOf(after.sessionId);
    const ties = (a: number, b: number) =>
      this.#sign * compareIds(segmentAt(a).ids, idAt(a), segmentAt(b).ids, idAt(b));
    this.#least = new Least(plan.skip + plan.limit + 1, ties);
  }

  run(segments: readonly Placed[]): Found {
    for (const placed of this.#bestFirst(segments)) this.#visit(placed);
    return { rows: this.#least.rows(this.#plan.skip), total: this.#total };
  }

  #visit(placed: Placed): void {
    const { segment } = placed;
    const { fromMs, toMs } = this.#plan;
    const listed = this.#rowsOf(segment);
    if (listed === 0 || segment.high.startMs < fromMs || segment.low.startMs > toMs) return;
    const isWhole = segment.low.startMs >= fromMs && segment.high.startMs <= toMs;
    if (this.#bestKey(segment) > this.#least.worst) {
      // Nothing for the page; the total is known by now, or by the number of rows.
      if (this.#total > TOTAL_COUNTED) return;
      if (isWhole && this.#user === undefined) {
        this.#total += listed;
        return;
      }
    }
    this.#total += this.#gather(placed, isWhole);
    this.#least.tighten();
  }

  /** Offers the rows that are listed, and counts them while that matters: those of pages before as well. */
  #gather({ segment, first }: Placed, isWhole: boolean): number {
    const { fromMs, toMs } = this.#plan;
    const { kinds, users, ids, used } = segment;
    const starts = segment.columns.startMs;
    const [listed, sign, least] = [this.#listed, this.#sign, this.#least];
    const [afterKey, afterId] = [this.#afterKey, this.#afterId];
    const [isAnyUser, user] = [this.#user === undefined, this.#user ?? NOBODY];
    const isCounted = this.#total <= TOTAL_COUNTED;
    const keys = this.#keysOf(segment);
    let { worst } = least;
    let count = 0;
    for (let at = used - 1; at >= 0; at -= 1) {
      const key = sign * keys[at]!;
      // First, as most rows end here once there is a page and a total.
      if (key > worst && !isCounted) continue;
      if (listed[kinds[at]!] === 0 || (!isAnyUser && users[at] !== user)) continue;
      if (!isWhole && (starts[at]! < fromMs || starts[at]! > toMs)) continue;
      count += 1;
      if (key > worst || key < afterKey) continue;
      if (key === afterKey && afterId !== undefined) {
        if (sign * compareIds(ids, at * ID_WORDS, afterId, 0) <= 0) continue;
      }
      const word = ids[at * ID_WORDS]!;
      // Its complement, as an unsigned number, where the order of the ids descends as well.
      least.offer(key, sign === 1 ? word : ~word >>> 0, first + at);
      ({ worst } = least);
    }
    return count;
  }

  #keysOf({ columns, users, used }: Segment): Float64Array {
    if (this.#column !== undefined) return columns[this.#column];
    const { sortBy, nowMs } = this.#plan;
    const scratch = this.#scratch;
    if (sortBy === "user_id") {
      const ranks = this.#users.ranks();
      for (let at = 0; at < used; at += 1) scratch[at] = ranks[users[at]!]!;
      return scratch;
    }
    const { startMs, endMs } = columns;
    for (let at = 0; at < used; at += 1) {
      const end = endMs[at]!;
      scratch[at] = (end === NO_END ? nowMs : end) - startMs[at]!;
    }
    return scratch;
  }

  #bestFirst(segments: readonly Placed[]): readonly Placed[] {
    return segments.toSorted((a, b) => {
      const [one, other] = [this.#bestKey(a.segment), this.#bestKey(b.segment)];
      return one === other ? scattered(a.first) - scattered(b.first) : one - other;
    });
  }

  /** No key in the segment is below this. */
  #bestKey({ low, high }: Segment): number {
    if (this.#column === undefined) return -Infinity;
    if (this.#sign === -1) return -high[this.#column];
    return this.#column === "endMs" && this.#listsActive ? NO_END : low[this.#column];
  }

  #rowsOf({ counts }: Segment): number {
    return counts.reduce((sum, count, kind) => sum + (this.#listed[kind] === 0 ? 0 : count), 0);
  }

  #numberOf(value: number | string): number {
    return typeof value === "string" ? this.#users.rankOf(value) : value;
  }
}

/**
 * Segments that promise the same are visited in no order, or where each has a little less than the one
 * before it, every row would be kept for a while.
 */
function scattered(number: number): number {
  return Math.imul(number / SEGMENT_ROWS, 0x9e37_79b1) >>> 0;
}

function wordsOf(sessionId: string): Uint32Array {
  return Uint32Array.from({ length: ID_WORDS }, (_, word) => idWord(sessionId, word));
}

function idAt(row: number): number {
  return placeIn(row) * ID_WORDS;
}

function compareIds(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  for (let word = 0; word < ID_WORDS; word += 1) {
    const difference = a[atA + word]! - b[atB + word]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
