import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionRow } from "../src/log/session-row.ts";
import { SORTS, type SessionQuery, type Sessions } from "../src/sessions/ports.ts";
import { MemorySessions } from "../src/store/memory/memory-sessions.ts";
import { audit } from "./_session-audit.ts";
import { row } from "./_row-kit.ts";
import { HOUR, idOf, NOON, query, refusal } from "./_session-kit.ts";
import { inProcess } from "./_sqlite-kit.ts";

const USERS = ["alice", "bob", "carol", "\u{1F600}", "\uFFFD"];
const SESSIONS = 14;

/** Times about the borders of hours, so that many are equal and many are cut. */
const time = fc
  .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-1, 0, 1, HOUR / 2))
  .map(([hours, ms]) => NOON + hours * HOUR + ms);
const few = fc.integer({ min: 0, max: 3 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const session = fc.integer({ min: 0, max: SESSIONS - 1 });

const folded: fc.Arbitrary<SessionRow> = fc
  .record({
    number: session,
    startMs: time,
    endMs: maybe(time),
    lastActivityMs: time,
    messageCount: few,
    totalTokens: few,
    cost: few.map((n) => n / 7),
    answers: fc.record({
      count: few,
      sumMs: few.map((n) => n * 10.3),
      maxMs: few.map((n) => n * 9),
    }),
    adminAssisted: fc.boolean(),
    helpOpen: fc.boolean(),
    version: fc.integer({ min: 1, max: 1_000_000 }),
  })
  .map(({ number, helpOpen, version, ...given }) =>
    row({
      ...given,
      sessionId: idOf(number),
      userId: USERS[number % USERS.length]!,
      help: { isOpen: helpOpen, sinceMs: undefined },
      versions: { "home:1": version },
    }),
  );

const asked: fc.Arbitrary<SessionQuery> = fc.record({
  userId: maybe(fc.constantFrom(...USERS, "nobody")),
  isActive: maybe(fc.boolean()),
  adminAssisted: maybe(fc.boolean()),
  helpOpen: maybe(fc.boolean()),
  fromMs: maybe(time),
  toMs: maybe(time),
  sortBy: fc.constantFrom(...SORTS),
  descending: fc.boolean(),
  limit: fc.integer({ min: 1, max: SESSIONS }),
  from: fc.integer({ min: 0, max: SESSIONS }).map((offset) => ({ offset })),
  nowMs: time,
});

type Step =
  | { readonly kind: "fold" | "undone" | "forget"; readonly row: SessionRow }
  | { readonly kind: "list"; readonly query: SessionQuery }
  | { readonly kind: "metrics"; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: "point"; readonly was: number | undefined; readonly next: number | undefined }
  | { readonly kind: "reopen" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("fold" as const), row: folded }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("undone" as const, "forget"), row: folded }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("list" as const), query: asked }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("metrics" as const), fromMs: time, toMs: time }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("point" as const),
      was: maybe(session),
      next: maybe(session),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
);

async function foldAny(sessions: Sessions, given: SessionRow): Promise<unknown> {
  return sessions.fold(given, (await sessions.get(given))?.versions);
}

/** A page, and what comes after it by its cursor. */
async function listed(sessions: Sessions, given: SessionQuery): Promise<unknown> {
  const page = await sessions.list(given);
  if (page.next === undefined) return [page];
  const next = { ...given, from: { cursor: page.next } };
  return [page, await sessions.list({ ...next, nowMs: given.nowMs + 1 })];
}

async function summed(sessions: Sessions, fromMs: number, toMs: number): Promise<unknown> {
  if (fromMs > toMs) return refusal(sessions.metrics(fromMs, toMs));
  const { cost, avgConcurrent, maxConcurrent, ...exact } = await sessions.metrics(fromMs, toMs);
  const rounded = [cost, avgConcurrent, maxConcurrent].map((number) => number.toFixed(9));
  return { ...exact, rounded };
}

async function pointed(sessions: Sessions, { was, next }: Step & { kind: "point" }) {
  const active = await sessions.active("alice");
  return [active, await sessions.activate("alice", keyOf(was) ?? active, keyOf(next))];
}

function keyOf(n: number | undefined) {
  return n === undefined ? undefined : { userId: "alice", sessionId: idOf(n) };
}

function take(sessions: Sessions, taken: Step): Promise<unknown> | undefined {
  switch (taken.kind) {
    case "fold":
      return foldAny(sessions, taken.row);
    case "forget":
      return sessions.forget(taken.row);
    case "list":
      return listed(sessions, taken.query);
    case "metrics":
      return summed(sessions, taken.fromMs, taken.toMs);
    case "point":
      return pointed(sessions, taken);
    case "undone":
    case "reopen":
      return undefined;
  }
}

test("whatever is folded, forgotten, undone, asked and opened again, SQLite says what memory says", () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      using database = new DatabaseSync(":memory:");
      let stored = inProcess(database);
      const model = new MemorySessions();
      for (const taken of steps) {
        if (taken.kind === "reopen") stored = inProcess(database);
        if (taken.kind === "undone") {
          database.exec("BEGIN");
          await foldAny(stored.sessions, taken.row);
          await stored.sessions.forget({ ...taken.row, sessionId: idOf(SESSIONS - 1) });
          database.exec("ROLLBACK");
          stored.tables.rolledBack();
          continue;
        }
        expect(await take(stored.sessions, taken)).toEqual(await take(model, taken));
        stored.tables.committed();
      }
      expect(audit(database)).toEqual([]);
    }),
    { numRuns: 200 },
  ));

const random = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

test("of many more sessions than fit in one segment lists say what memory says", async () => {
  using database = new DatabaseSync(":memory:");
  const stored = inProcess(database);
  const model = new MemorySessions();
  const chance = random(7);
  const below = (limit: number) => Math.floor(chance() * limit);
  const rows = Array.from({ length: 16_000 }, (_, at) =>
    row({
      sessionId: below(2 ** 32)
        .toString(16)
        .padStart(32, "0")
        .slice(-32),
      userId: `user-${below(900)}`,
      startMs: NOON + (at < 13_000 ? at : below(13_000)),
      endMs: chance() < 0.5 ? undefined : NOON + 30_000 - below(15_000),
      messageCount: below(3),
      adminAssisted: chance() < 0.01,
      help: { isOpen: chance() < 0.1, sinceMs: undefined },
    }),
  );
  database.exec("BEGIN");
  for (const sessions of [stored.sessions, model])
    for (const one of rows) await sessions.fold(one, undefined);
  // Whole segments, and one in five of the others.
  const gone = rows.filter((_, at) => (at > 6_000 && at < 11_000) || at % 5 === 0);
  for (const sessions of [stored.sessions, model])
    for (const one of gone) await sessions.forget(one);
  database.exec("COMMIT");
  const again = inProcess(database);
  for (let n = 0; n < 28; n += 1) {
    const [from, length] = [below(13_000), below(13_000)];
    const given = query({
      sortBy: SORTS[n % SORTS.length]!,
      descending: chance() < 0.5,
      limit: 1 + below(999),
      from: { offset: chance() < 0.5 ? 0 : below(10_001) },
      isActive: [undefined, undefined, true, false][below(4)],
      adminAssisted: [undefined, undefined, undefined, true][below(4)],
      userId: chance() < 0.9 ? undefined : "user-7",
      fromMs: chance() < 0.5 ? undefined : NOON + from,
      toMs: chance() < 0.5 ? undefined : NOON + from + length,
    });
    const expected = await listed(model, given);
    expect(await listed(stored.sessions, given)).toEqual(expected);
    expect(await listed(again.sessions, given)).toEqual(expected);
  }
});
