import { ChatError } from "@warren/wire";
import type { SessionRow } from "../log/session-row.ts";
import { cursorText, parseCursor, type Cursor } from "./cursor.ts";
import type { Figures } from "./figures.ts";
import { placeOf, type Place } from "./order.ts";
import type { SessionPage, SessionQuery, SortBy } from "./ports.ts";

/** Totals are exact up to here. */
export const TOTAL_COUNTED = 10_000;
const OFFSET_LIMIT = 10_000;
const PAGE_LIMIT = 1_000;

/** A query whose every part was looked at: what a store needs to answer it. */
export interface ListPlan {
  readonly userId: string | undefined;
  /** By `traitsOf`: true for those that are listed. */
  readonly traits: readonly boolean[];
  /** Of the start, both inclusive, perhaps infinite. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly sortBy: SortBy;
  readonly descending: boolean;
  readonly nowMs: number;
  readonly after: Place | undefined;
  readonly skip: number;
  readonly limit: number;
}

type Traits = Pick<Figures, "endMs" | "adminAssisted" | "helpOpen">;

/** What can be filtered by yes or no, as one number from 0 to 7. */
export function traitsOf({ endMs, adminAssisted, helpOpen }: Traits): number {
  return (endMs === undefined ? 1 : 0) + (adminAssisted ? 2 : 0) + (helpOpen ? 4 : 0);
}

export function isActive(traits: number): boolean {
  return (traits & 1) > 0;
}

/** Throws a `ChatError` BAD_REQUEST where the query asks for more than there is to have. */
export function planList(query: SessionQuery): ListPlan {
  const { userId, sortBy, descending, limit, from } = query;
  const skip = "offset" in from ? from.offset : 0;
  if (!isWhole(limit, 1, PAGE_LIMIT)) throw refused(`limit must be from 1 to ${PAGE_LIMIT}`);
  if (!isWhole(skip, 0, OFFSET_LIMIT)) {
    throw refused(
      `offset must be from 0 to ${OFFSET_LIMIT}: go on with the cursor of the last page`,
    );
  }
  const cursor = "cursor" in from ? parseCursor(from.cursor) : undefined;
  if (cursor !== undefined && !isOfOrder(cursor, query)) {
    throw refused("the cursor is of a list in another order");
  }
  return {
    userId,
    traits: Array.from({ length: 8 }, (_, traits) => isAskedFor(traits, query)),
    fromMs: query.fromMs ?? -Infinity,
    toMs: query.toMs ?? Infinity,
    sortBy,
    descending,
    nowMs: cursor?.nowMs ?? Math.round(query.nowMs),
    after: cursor?.after,
    skip,
    limit,
  };
}

/** `rows`: those of the page and one more, if there is one. `total`: exact up to `TOTAL_COUNTED`. */
export function pageOf(plan: ListPlan, rows: readonly SessionRow[], total: number): SessionPage {
  const page = rows.slice(0, plan.limit);
  const last = page.at(-1);
  const isLast = last === undefined || rows.length <= plan.limit;
  return {
    rows: page,
    total: Math.min(total, TOTAL_COUNTED),
    isCapped: total > TOTAL_COUNTED,
    next: isLast
      ? undefined
      : cursorText({ ...plan, after: placeOf(last, plan.sortBy, plan.nowMs) }),
  };
}

function isAskedFor(traits: number, query: SessionQuery): boolean {
  return [query.isActive, query.adminAssisted, query.helpOpen].every(
    (asked, bit) => asked === undefined || asked === ((traits >> bit) & 1) > 0,
  );
}

function isOfOrder(cursor: Cursor, { sortBy, descending }: SessionQuery): boolean {
  return cursor.sortBy === sortBy && cursor.descending === descending;
}

function isWhole(number: number, least: number, most: number): boolean {
  return Number.isInteger(number) && number >= least && number <= most;
}

function refused(message: string): ChatError {
  return new ChatError("BAD_REQUEST", message);
}
