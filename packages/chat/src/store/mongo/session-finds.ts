import type { Filter, Sort } from "mongodb";
import type { ListPlan } from "../../sessions/list-plan.ts";
import { dateOf, type SessionDocument } from "./session-document.ts";

/** One question of a list: what `Collection.find` takes. The sort is in the order of its keys. */
export interface SessionFind {
  readonly filter: Filter<SessionDocument>;
  readonly sort: Readonly<Record<string, Direction>>;
}

type Direction = 1 | -1;

/** The traits of sessions that go on have this bit: `traitsOf`. */
const GOES_ON = 1;
const goesOn = (traits: number) => (traits & GOES_ON) !== 0;
const DATES = new Set(["start_time", "last_activity"]);

/** All that a list counts. */
export function countFilter(plan: ListPlan): Filter<SessionDocument> {
  return filterOf(plan, asked(plan));
}

/**
 * The questions that a list asks: one, or for durations up to two, as sessions that go on have theirs
 * from the clock: they are in the order of their starts, the later the shorter.
 */
export function findsOf(plan: ListPlan): SessionFind[] {
  const { sortBy, after, nowMs } = plan;
  const direction = plan.descending ? -1 : 1;
  const value = after?.value;
  if (sortBy !== "duration") {
    const field = sortBy === "end_time" ? "ended_ms" : sortBy;
    return ordered(plan, asked(plan), { field, direction, value });
  }
  const start = value === undefined ? undefined : nowMs - Number(value);
  const back = direction === 1 ? -1 : 1;
  const [running, ended] = [asked(plan).filter(goesOn), asked(plan).filter((n) => !goesOn(n))];
  return [
    ...ordered(plan, ended, { field: "duration_ms", direction, value }),
    ...ordered(plan, running, { field: "start_time", direction: back, value: start }),
  ];
}

export function sortOf({ sort }: SessionFind): Sort {
  return new Map(Object.entries(sort));
}

interface Order {
  readonly field: string;
  readonly direction: Direction;
  /** Where the page before ended. */
  readonly value: string | number | undefined;
}

/**
 * None where nothing can be listed. The bound of the field lets an index begin at the place where the page
 * before ended; those with the same value are told apart by their ids.
 */
function ordered(
  plan: ListPlan,
  traits: readonly number[],
  { field, direction, value }: Order,
): SessionFind[] {
  if (traits.length === 0) return [];
  const filter = filterOf(plan, traits);
  const byId = plan.descending ? -1 : 1;
  const sort = { [field]: direction, session_id: byId } as const;
  if (plan.after === undefined || value === undefined) return [{ filter, sort }];
  const at = DATES.has(field) ? dateOf(Number(value)) : value;
  const bound = { [field]: { [`${than(direction)}e`]: at } };
  const later = { [field]: at, session_id: { [than(byId)]: plan.after.sessionId } };
  const $or = [{ [field]: { [than(direction)]: at } }, later];
  return [{ filter: { $and: [filter, bound, { $or }] }, sort }];
}

function than(direction: Direction): "$gt" | "$lt" {
  return direction === 1 ? "$gt" : "$lt";
}

function asked({ traits }: ListPlan): number[] {
  return traits.flatMap((isListed, number) => (isListed ? [number] : []));
}

function filterOf({ userId, fromMs, toMs }: ListPlan, traits: readonly number[]) {
  const range = {
    ...(fromMs > -Infinity && { $gte: dateOf(Math.ceil(fromMs)) }),
    ...(toMs < Infinity && { $lte: dateOf(Math.floor(toMs)) }),
  };
  const filter = {
    ...(userId !== undefined && { user_id: userId }),
    traits: { $in: traits },
    ...(Object.keys(range).length > 0 && { start_time: range }),
  };
  return filter as Filter<SessionDocument>;
}
