import { describe, expect, test } from "vitest";
import {
  HELPFUL,
  NEEDED,
  UNSHARDED,
  COLLECTIONS,
  type CollectionName,
  type DeclaredIndex,
} from "../src/store/mongo/indexes.ts";
import { LOG_FINDS } from "../src/store/mongo/log-reads.ts";
import { behindFilter, rowsFilter } from "../src/store/mongo/mongo-behind.ts";
import { DUE_SORT, dueFilter, USERS_SORT, usersFilter } from "../src/store/mongo/mongo-erasures.ts";
import { erasedFilters } from "../src/store/mongo/mongo-log-erasure.ts";
import { SHARE_FINDS } from "../src/store/mongo/mongo-share-links.ts";
import { HOUR_FINDS } from "../src/store/mongo/mongo-hours.ts";
import { TAIL_SORT, tailFilter } from "../src/store/mongo/mongo-tail.ts";
import { countFilter, findsOf } from "../src/store/mongo/session-finds.ts";
import { cursorText } from "../src/sessions/cursor.ts";
import { planList } from "../src/sessions/list-plan.ts";
import { SORTS, type SessionQuery } from "../src/sessions/ports.ts";
import { ALICE } from "./_log-facts.ts";
import { idOf, query } from "./_session-kit.ts";

const ROW = { user_id: "alice", session_id: idOf(1) };
const SPAN = { fromMs: 1, toMs: 2 };

type Sort = Readonly<Record<string, 1 | -1>>;
const DECLARED = [...NEEDED, ...HELPFUL];

/** All that a filter asks of each field, through its conjunctions. */
function asked(filter: object): [string, unknown][] {
  return Object.entries(filter).flatMap(([field, wanted]): [string, unknown][] => {
    if (field === "$and") return (wanted as object[]).flatMap(asked);
    return field === "$or" ? [] : [[field, wanted]];
  });
}

/** MongoDB merges up to 200 values of an `$in` in the order of the sort: they count as equal. */
function isEqual(wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return true;
  return "$in" in wanted && (wanted.$in as unknown[]).length <= 8;
}

/**
 * Whether an index finds what a filter asks for and has it in the order of the sort: first the fields
 * that are equal, in whatever order, then those of the sort, all in their direction or all against it.
 */
function serves({ key }: DeclaredIndex, filter: object, sort: Sort): boolean {
  const equal = new Set(asked(filter).flatMap(([field, wanted]) => (isEqual(wanted) ? field : [])));
  const fields = Object.entries(key);
  let at = 0;
  while (at < fields.length && equal.delete(fields[at]![0])) at += 1;
  if (equal.size > 0) return false;
  const given = new Set(asked(filter).flatMap(([field, wanted]) => (isEqual(wanted) ? field : [])));
  // What is equal everywhere has no order.
  const rest = Object.entries(sort).filter(([field]) => !given.has(field));
  // Nothing but a range: the index is walked from its one end to the other.
  const [first] = fields[0]!;
  if (given.size === 0 && rest.length === 0)
    return asked(filter).some(([field]) => field === first);
  const turns = rest.map(([field, direction], n) => {
    const [indexed, indexedAs] = fields[at + n] ?? [];
    return indexed === field ? direction * indexedAs! : 0;
  });
  return turns.every((turn) => turn === 1) || turns.every((turn) => turn === -1);
}

function serving(collection: CollectionName, filter: object, sort: Sort): string[] {
  const own = DECLARED.filter((index) => index.collection === collection);
  return own.filter((index) => serves(index, filter, sort)).map(({ name }) => name);
}

const MAYBE = [undefined, true, false];

/** Each filter with each sort, from the beginning and from a cursor. */
function* queries(): Generator<SessionQuery> {
  for (const sortBy of SORTS)
    for (const descending of [false, true])
      for (const userId of [undefined, "alice"])
        for (const isActive of MAYBE)
          for (const adminAssisted of MAYBE)
            for (const helpOpen of MAYBE)
              for (const fromMs of [undefined, 5]) {
                const filters = { userId, isActive, adminAssisted, helpOpen, fromMs };
                const asked = query({ ...filters, sortBy, descending });
                yield asked;
                const after = { value: sortBy === "user_id" ? "alice" : 7, sessionId: idOf(1) };
                const cursor = cursorText({ sortBy, descending, nowMs: 9, after });
                yield { ...asked, from: { cursor } };
              }
}

describe("the declared indexes", () => {
  test("serve each filter with each sort of the list, from the beginning and from a cursor", () => {
    const unserved: string[] = [];
    let count = 0;
    for (const asked of queries()) {
      for (const { filter, sort } of findsOf(planList(asked))) {
        count += 1;
        if (serving("sessions", filter, sort).length > 0) continue;
        unserved.push(JSON.stringify({ filter, sort }));
      }
    }
    expect(unserved).toEqual([]);
    expect(count).toBeGreaterThan(3_000);
  });

  test("serve the totals", () => {
    for (const asked of queries()) {
      const filter = countFilter(planList(asked));
      expect(serving("sessions", filter, {}).length).toBeGreaterThan(0);
    }
  });

  test.each([
    { name: "an origin's last", find: LOG_FINDS.last(ALICE, "home:1") },
    { name: "all origins' last", find: LOG_FINDS.lastBelow(ALICE, { $ne: "home:1" }) },
    { name: "the next of an origin", find: LOG_FINDS.above(ALICE, "home:1", 7, 10) },
    { name: "the newest of an origin", find: LOG_FINDS.upTo(ALICE, "home:1", 7, 10) },
  ])("serve what a log is asked for: $name", ({ find }) => {
    const sort = find.options.sort as Sort;
    expect(serving("log", find.filter, sort)).toContain("log_number");
  });

  test("serve what an author said, and the tail", () => {
    const { filter } = LOG_FINDS.said(ALICE, "user:alice", "m1");
    expect(serving("log", filter, {})).toContain("log_identity");
    expect(serving("log", tailFilter(5, null), TAIL_SORT)).toEqual(["log_stored_at"]);
    const place: [number, string] = [5, "a".repeat(24)];
    expect(serving("log", tailFilter(5, place), TAIL_SORT)).toEqual(["log_stored_at"]);
  });

  test.each([
    { name: "rows behind their logs", filter: behindFilter(1, 2), sort: TAIL_SORT, at: "log" },
    { name: "the rows of some entries", filter: rowsFilter([ROW]), sort: {}, at: "sessions" },
    {
      name: "hours to be summed again",
      filter: HOUR_FINDS.stale(7),
      sort: {},
      at: "session_hours",
    },
    { name: "what began in an hour", filter: HOUR_FINDS.begun(SPAN), sort: {}, at: "sessions" },
    { name: "what ended in an hour", filter: HOUR_FINDS.ended(SPAN), sort: {}, at: "sessions" },
    { name: "a row", filter: ROW, sort: {}, at: "sessions" },
    { name: "a user's active session", filter: { user_id: "alice" }, sort: {}, at: "users" },
    { name: "a session's keys", filter: ROW, sort: {}, at: "keys" },
    {
      name: "a link by its token",
      filter: SHARE_FINDS.digested(["d"]),
      sort: {},
      at: "share_links",
    },
    { name: "a link by its id", filter: SHARE_FINDS.named("i"), sort: {}, at: "share_links" },
    {
      name: "links of a user",
      filter: SHARE_FINDS.ofUser("alice"),
      sort: SHARE_FINDS.ofUserSort,
      at: "share_links",
    },
    { name: "links that ended", filter: SHARE_FINDS.expired(1), sort: {}, at: "share_links" },
    {
      name: "links to be sealed anew",
      filter: SHARE_FINDS.others("m", "a"),
      sort: SHARE_FINDS.othersSort,
      at: "share_links",
    },
    { name: "what is to be erased", filter: dueFilter(1), sort: DUE_SORT, at: "erasures" },
    { name: "users who are erased", filter: usersFilter(1), sort: USERS_SORT, at: "erasures" },
    { name: "an erasure", filter: ROW, sort: {}, at: "erasures" },
    { name: "what is erased", filter: erasedFilters(ALICE, { a: 1 })[0]!, sort: {}, at: "log" },
    { name: "all keys", filter: {}, sort: { user_id: 1, session_id: 1 }, at: "keys" },
  ] as const)("serve $name", ({ filter, sort, at }) => {
    expect(serving(at, filter, sort).length).toBeGreaterThan(0);
  });

  test("are each there for something", () => {
    const used = new Set<string>();
    for (const asked of queries()) {
      for (const { filter, sort } of findsOf(planList(asked))) {
        for (const name of serving("sessions", filter, sort)) used.add(name);
      }
    }
    const lists = HELPFUL.filter(({ name }) => name.startsWith("list_"));
    expect(lists.filter(({ name }) => !used.has(name))).toEqual([]);
  });

  test("could fail: without theirs, lists by tokens are not served", () => {
    const [{ filter, sort }] = findsOf(planList(query({ sortBy: "total_tokens" }))) as [
      { filter: object; sort: Sort },
    ];
    expect(serving("sessions", filter, sort)).toEqual(["list_total_tokens"]);
    expect(serving("sessions", filter, { total_tokens: 1, session_id: -1 })).toEqual([]);
  });

  test("begin with the user where they are unique, as the shard key does", () => {
    for (const index of DECLARED.filter(({ unique }) => unique)) {
      expect(UNSHARDED, index.name).not.toContain(index.collection);
      expect(Object.keys(index.key)[0], index.name).toBe("user_id");
    }
  });

  test("have the names of old, and none twice", () => {
    const names = HELPFUL.filter(({ collection }) => collection === COLLECTIONS.sessions);
    expect(names.slice(0, 4).map(({ name, key }) => [name, key])).toEqual([
      ["idx_user_id", { user_id: 1 }],
      ["idx_start_time", { start_time: -1 }],
      ["idx_admin_assisted", { admin_assisted: 1 }],
      ["idx_user_start_time", { user_id: 1, start_time: -1 }],
    ]);
    const all = DECLARED.map(({ collection, name }) => `${collection}.${name}`);
    expect(new Set(all).size).toBe(all.length);
    // MongoDB's limit is 64 for a collection.
    expect(names.length).toBeLessThan(32);
  });
});
