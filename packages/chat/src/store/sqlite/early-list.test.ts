import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_CONTROL } from "../../log/view.ts";
import type { SessionRow } from "../../log/session-row.ts";
import { figuresOf } from "../../sessions/figures.ts";
import { pageOf, planList } from "../../sessions/list-plan.ts";
import { SORTS, type SessionQuery } from "../../sessions/ports.ts";
import { sessionRow, storedRow } from "../stored-row.ts";
import { pageSql } from "./early-list.ts";
import { queryAll } from "../../sessions/query-all.ts";
import { openTables, type Operations } from "./tables.ts";

/** Of few values each, so that many rows are equal in them. */
function row(number: number): SessionRow {
  const startMs = (number * 7) % 13;
  const isOpen = number % 5 === 0;
  return {
    userId: `user-${number % 3}`,
    sessionId: ((number * 2_654_435_761) % 2 ** 32).toString(16).padStart(32, "0"),
    versions: { "home:1": 1 },
    lastHlc: 1,
    alias: undefined,
    name: undefined,
    nameEntry: undefined,
    modelId: undefined,
    startMs,
    endMs: number % 4 === 0 ? undefined : startMs + (number % 6),
    lastActivityMs: startMs + (number % 6),
    messageCount: number % 4,
    totalTokens: number % 7,
    cost: 0,
    answers: { count: 0, sumMs: 0, maxMs: 0 },
    adminAssisted: number % 3 === 0,
    control: NO_CONTROL,
    help: { isOpen, sinceMs: isOpen ? startMs : undefined },
  };
}

const database = new DatabaseSync(":memory:");
const { operations: loaded } = openTables(database, "home:1");
for (let number = 0; number < 200; number++) {
  const one = row(number);
  loaded.foldSession({ ...storedRow(one), figures: figuresOf(one) }, undefined);
}
while (loaded.loadSessions());
/** The same file, just after a start. */
const { operations: early } = openTables(database, "home:1");

const EVERYTHING = queryAll({ descending: true, limit: 10, nowMs: 50 });

const maybe = fc.option(fc.boolean(), { nil: undefined });
const moment = fc.option(fc.integer({ min: -1, max: 14 }), { nil: undefined });
const own: fc.Arbitrary<SessionQuery> = fc.record({
  userId: fc.constantFrom("user-0", "user-1", "nobody"),
  isActive: maybe,
  adminAssisted: maybe,
  helpOpen: maybe,
  fromMs: moment,
  toMs: moment,
  sortBy: fc.constantFrom(...SORTS),
  descending: fc.boolean(),
  limit: fc.integer({ min: 1, max: 20 }),
  from: fc.record({ offset: fc.integer({ min: 0, max: 30 }) }),
  nowMs: fc.integer({ min: 20, max: 30 }),
});
const all = fc
  .record({ fromMs: moment, toMs: moment, descending: fc.boolean() })
  .chain((given) =>
    own.map((one) => ({ ...EVERYTHING, ...given, limit: one.limit, from: one.from })),
  );

/** A list to its end, and what it says of itself on the way. */
function pages(operations: Operations, query: SessionQuery) {
  const told: unknown[] = [];
  for (let asked: SessionQuery | undefined = query; asked !== undefined && told.length < 30;) {
    const plan = planList(asked);
    const found = operations.listSessions(plan);
    if (found === undefined) return undefined;
    const { rows, ...page } = pageOf(plan, found.rows.map(sessionRow), found.total);
    told.push({ ...page, rows: rows.map(({ sessionId }) => sessionId) });
    asked = page.next === undefined ? undefined : { ...asked, from: { cursor: page.next } };
  }
  return told;
}

test("a user's sessions, and all by their starts, are listed just after a start as they are later", () => {
  fc.assert(
    fc.property(fc.oneof(own, all), (query) => {
      const told = pages(early, query);
      expect(told).toBeDefined();
      expect(told).toEqual(pages(loaded, query));
    }),
    { numRuns: 300 },
  );
});

test.each([
  { name: "all by what no index has", given: { sortBy: "total_tokens" } },
  { name: "all of a kind", given: { helpOpen: true } },
] as const)("$name wait until everything is loaded", ({ given }) => {
  expect(pages(early, { ...EVERYTHING, ...given })).toBeUndefined();
});

test.each([
  { name: "a user's sessions", userId: "user-0", index: "session_key (user_id=?)" },
  {
    name: "all by their starts",
    userId: undefined,
    index: "session_start (start_ms>? AND start_ms<?)",
  },
])("$name are found by an index", ({ userId, index }) => {
  const sql = pageSql({ userId, sortBy: "start_time", descending: true, after: undefined });
  const [plan] = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
  expect(plan?.detail).toBe(`SEARCH session USING INDEX ${index}`);
});
