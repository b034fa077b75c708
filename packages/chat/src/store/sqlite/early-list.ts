import type { DatabaseSync, StatementSync } from "node:sqlite";
import { TOTAL_COUNTED, type ListPlan } from "../../sessions/list-plan.ts";
import { NO_END } from "../../sessions/order.ts";
import type { SortBy } from "../../sessions/ports.ts";
import type { Found } from "./columns/scan.ts";

/** `:now`: when sessions that go on have their duration. */
const KEYS: Record<SortBy, string> = {
  start_time: "start_ms",
  end_time: `coalesce(end_ms, ${NO_END})`,
  message_count: "message_count",
  total_tokens: "total_tokens",
  user_id: "user_id",
  duration: "coalesce(end_ms, :now) - start_ms",
  last_activity: "last_activity_ms",
};
const TRAITS = "(end_ms IS NULL) + 2 * admin_assisted + 4 * help_open";

/**
 * Pages that the table can give while the columns are not loaded yet: a user's own sessions, which are few,
 * and all in the order of their starts, for which there is an index. Nobody who comes back just after a
 * start waits for what an admin may ask for.
 */
export class EarlyList {
  readonly #database: DatabaseSync;
  /** A few for each way to sort. */
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Undefined: every session would have to be looked at. */
  list(plan: ListPlan): Found | undefined {
    const isAll = plan.sortBy === "start_time" && plan.traits.every(Boolean);
    if (plan.userId === undefined && !isAll) return undefined;
    const rows = this.#statement(pageSql(plan)).all(parametersOf(plan)) as { id: number }[];
    const counted = { ...plan, sortBy: "start_time", after: undefined } as const;
    const { total } = this.#statement(countSql(counted)).get(parametersOf(counted)) as {
      total: number;
    };
    return { rows: rows.map(({ id }) => id), total };
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql) ?? this.#database.prepare(sql);
    // What a page has no use for is not in its statement.
    known.setAllowUnknownNamedParameters(true);
    this.#prepared.set(sql, known);
    return known;
  }
}

type Shape = Pick<ListPlan, "userId" | "sortBy" | "descending" | "after">;

/** In the order of `byPlace`, one more than the page. */
export function pageSql(shape: Shape): string {
  const { sortBy, descending, after } = shape;
  const key = KEYS[sortBy];
  const [direction, beyond] = descending ? ["DESC", "<"] : ["ASC", ">"];
  const rest = after === undefined ? "" : `AND (${key}, session_id) ${beyond} (:after, :afterId)`;
  return `SELECT id FROM session WHERE ${listed(shape)} ${rest}
    ORDER BY ${key} ${direction}, session_id ${direction} LIMIT :limit OFFSET :skip`;
}

function countSql(shape: Shape): string {
  return `SELECT count(*) AS total
    FROM (SELECT 1 FROM session WHERE ${listed(shape)} LIMIT ${TOTAL_COUNTED + 1})`;
}

function listed({ userId }: Shape): string {
  const started = "start_ms >= :from AND start_ms <= :to";
  // Not of all: for each row it would be a look into the table.
  return userId === undefined
    ? started
    : `user_id = :user AND ${started} AND (:traits >> (${TRAITS})) & 1`;
}

function parametersOf({ userId, traits, fromMs, toMs, nowMs, after, skip, limit }: ListPlan) {
  return {
    user: userId ?? null,
    traits: traits.reduce((bits, isListed, at) => bits | (Number(isListed) << at), 0),
    from: fromMs,
    to: toMs,
    now: nowMs,
    after: after?.value ?? null,
    afterId: after?.sessionId ?? null,
    limit: limit + 1,
    skip,
  };
}
