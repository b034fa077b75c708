import { ChatError } from "@warren/wire";
import { expect } from "vitest";
import type { SessionRow } from "../src/log/session-row.ts";
import {
  SORTS,
  type SessionPage,
  type SessionQuery,
  type Sessions,
} from "../src/sessions/ports.ts";
import { row } from "./_row-kit.ts";

export const HOUR = 3_600_000;
/** Begins an hour. */
export const NOON = 500_000 * HOUR;

/** A session id that sorts by `number`. */
export function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export function query(given: Partial<SessionQuery> = {}): SessionQuery {
  return {
    userId: undefined,
    isActive: undefined,
    adminAssisted: undefined,
    helpOpen: undefined,
    fromMs: undefined,
    toMs: undefined,
    sortBy: "start_time",
    descending: false,
    limit: 100,
    from: { offset: 0 },
    nowMs: NOON + 10 * HOUR,
    ...given,
  };
}

export function numbers({ rows }: SessionPage): number[] {
  return rows.map(({ sessionId }) => Number.parseInt(sessionId, 16));
}

/** All pages of a list, by their cursors. */
export async function pages(sessions: Sessions, asked: SessionQuery): Promise<SessionPage[]> {
  const all = [await sessions.list(asked)];
  for (let next = all[0]!.next; next !== undefined; next = all.at(-1)!.next) {
    all.push(await sessions.list({ ...asked, from: { cursor: next } }));
  }
  return all;
}

async function filled(sessions: Sessions, rows: readonly SessionRow[]): Promise<void> {
  expect(await Promise.all(rows.map((one) => sessions.fold(one, undefined)))).not.toContain(false);
}

export async function refusal(promise: Promise<unknown>): Promise<string> {
  const reason = await promise.then(
    () => "nothing was refused",
    (error: unknown) => error,
  );
  return reason instanceof ChatError ? reason.code : String(reason);
}

const assisted = (sessionId: string, given: Partial<SessionRow> = {}) =>
  row({ sessionId, adminAssisted: true, ...given });

/** Seven sessions that differ in all by which lists are filtered and sorted. */
const VARIED: readonly SessionRow[] = [
  row({ sessionId: idOf(1), userId: "carol", startMs: NOON, endMs: NOON + 500, messageCount: 3 }),
  row({ sessionId: idOf(2), userId: "bob", startMs: NOON + 100, messageCount: 1 }),
  assisted(idOf(3), { userId: "bob", startMs: NOON + 200, endMs: NOON + 300, totalTokens: 70 }),
  assisted(idOf(4), { startMs: NOON + 300, messageCount: 3, totalTokens: 9 }),
  row({
    sessionId: idOf(5),
    userId: "bob",
    startMs: NOON + 400,
    lastActivityMs: NOON + 9_000,
    help: { isOpen: true, sinceMs: NOON + 450 },
  }),
  row({ sessionId: idOf(6), userId: "carol", startMs: NOON + 400, endMs: NOON + 401 }),
  assisted(idOf(7), { startMs: NOON + 600, help: { isOpen: true, sinceMs: NOON + 700 } }),
];

export interface SessionFact {
  readonly name: string;
  holds(sessions: Sessions): Promise<void>;
}

const ROWS: readonly SessionFact[] = [
  {
    name: "a row comes back as it was folded",
    async holds(sessions) {
      const [bare, full] = [
        row({ sessionId: idOf(1) }),
        row({
          sessionId: idOf(2),
          versions: { "home:1": 9, "away:2": 3 },
          lastHlc: 1_843_200_000_000_512,
          alias: "client-1",
          name: "sealed \u{1F600}\u0000'",
          nameEntry: "n1",
          modelId: "openai-gpt4",
          startMs: NOON,
          endMs: NOON + 7,
          lastActivityMs: NOON + 6,
          messageCount: 12,
          totalTokens: 4_321,
          cost: 0.123_456,
          answers: { count: 2, sumMs: 1_234.5, maxMs: 1_000.25 },
          adminAssisted: true,
          control: {
            epoch: 2,
            mode: "person",
            adminId: "ann",
            adminName: "Ann",
            why: "takeover",
            hlc: 5,
          },
          help: { isOpen: true, sinceMs: NOON + 3 },
        }),
      ];
      await filled(sessions, [bare, full]);
      expect(await sessions.get(bare)).toStrictEqual(bare);
      expect(await sessions.get(full)).toStrictEqual(full);
      expect((await sessions.list(query())).rows).toStrictEqual([bare, full]);
    },
  },
  {
    name: "a session is found by its id, and got by its owner alone",
    async holds(sessions) {
      await filled(sessions, [row({ sessionId: idOf(1), userId: "bob" })]);
      expect(await sessions.find(idOf(1))).toEqual({ userId: "bob", sessionId: idOf(1) });
      expect(await sessions.find(idOf(2))).toBeUndefined();
      expect(await sessions.get({ userId: "alice", sessionId: idOf(1) })).toBeUndefined();
    },
  },
  {
    name: "a fold counts only upon what it was made from",
    async holds(sessions) {
      const first = row({ sessionId: idOf(1), versions: { "home:1": 1 } });
      const second = { ...first, versions: { "home:1": 2 }, messageCount: 2 };
      const third = { ...first, versions: { "home:1": 2, "away:1": 1 }, messageCount: 3 };
      expect(await sessions.fold(second, { "home:1": 1 })).toBe(false);
      expect(await sessions.fold(first, undefined)).toBe(true);
      expect(await sessions.fold(second, undefined)).toBe(false);
      expect(await sessions.fold(second, { "home:1": 1 })).toBe(true);
      expect(await sessions.fold(third, { "home:1": 1 })).toBe(false);
      expect(await sessions.fold(third, { "away:1": 1 })).toBe(false);
      expect(await sessions.get(first)).toEqual(second);
      expect(await sessions.fold(third, { "home:1": 2 })).toBe(true);
      expect(await sessions.get(first)).toEqual(third);
    },
  },
  {
    name: "of many folds that come at once one counts, and what is refused undoes none of the others",
    async holds(sessions) {
      const folds = [1, 2, 3, 4].map((messageCount) => row({ sessionId: idOf(1), messageCount }));
      const foreign = row({ sessionId: idOf(1), userId: "bob" });
      const [refused, ...folded] = await Promise.all([
        refusal(sessions.fold(folds[0]!, undefined).then(() => sessions.fold(foreign, undefined))),
        ...folds.slice(1).map((one) => sessions.fold(one, undefined)),
        sessions.fold(row({ sessionId: idOf(2) }), undefined),
      ]);
      expect(refused).toBe("CONFLICT");
      expect(folded).toEqual([false, false, false, true]);
      expect((await sessions.list(query())).total).toBe(2);
    },
  },
  {
    name: "another user's session id is refused, and nothing of the session changes",
    async holds(sessions) {
      const own = row({ sessionId: idOf(1), userId: "bob", messageCount: 7 });
      await filled(sessions, [own]);
      const foreign = row({ sessionId: idOf(1), userId: "alice" });
      expect(await refusal(sessions.fold(foreign, undefined))).toBe("CONFLICT");
      expect(await refusal(sessions.fold(foreign, own.versions))).toBe("CONFLICT");
      await sessions.forget(foreign);
      expect(await sessions.get(own)).toEqual(own);
      expect((await sessions.metrics(0, NOON)).totalSessions).toBe(1);
    },
  },
  {
    name: "what is no session id is refused",
    async holds(sessions) {
      for (const sessionId of ["", "x".repeat(32), "A".repeat(32), idOf(1) + "0"]) {
        expect(await refusal(sessions.fold(row({ sessionId }), undefined))).toBe("BAD_REQUEST");
      }
    },
  },
  {
    name: "numbers that are none are stored as nothing, and hurt nobody else",
    async holds(sessions) {
      const odd = row({
        sessionId: idOf(1),
        totalTokens: Number.NaN,
        cost: -1,
        messageCount: 1e300,
        answers: { count: 1, sumMs: Infinity, maxMs: Number.NaN },
      });
      await filled(sessions, [odd, row({ sessionId: idOf(2), totalTokens: 2.4 })]);
      expect(numbers(await sessions.list(query({ sortBy: "total_tokens" })))).toEqual([1, 2]);
      expect(await sessions.metrics(0, 1)).toMatchObject({ totalTokens: 2, cost: 0 });
    },
  },
  {
    name: "what is forgotten is in no row, list or sum, and can begin anew",
    async holds(sessions) {
      await filled(sessions, VARIED);
      for (const one of VARIED) await sessions.forget(one);
      expect(await sessions.get(VARIED[0]!)).toBeUndefined();
      expect(await sessions.find(idOf(1))).toBeUndefined();
      expect(await sessions.list(query())).toMatchObject({ rows: [], total: 0, next: undefined });
      expect(Object.values(await sessions.metrics(0, NOON * 2))).toEqual(Array(9).fill(0));
      await filled(sessions, VARIED);
      expect((await sessions.list(query())).total).toBe(7);
    },
  },
];

const ACTIVE: readonly SessionFact[] = [
  {
    name: "of two first sessions that begin at once one becomes active, and the other joins it",
    async holds(sessions) {
      const [one, other] = [1, 2].map((n) => ({ userId: "alice", sessionId: idOf(n) }));
      const began = await Promise.all(
        [one, other].map((next) => sessions.activate("alice", undefined, next)),
      );
      expect(began).toEqual([true, false]);
      expect(await sessions.active("alice")).toEqual(one);
      expect(await sessions.active("bob")).toBeUndefined();
    },
  },
  {
    name: "the end of another session leaves the active one as it is",
    async holds(sessions) {
      const [one, other] = [1, 2].map((n) => ({ userId: "alice", sessionId: idOf(n) }));
      expect(await sessions.activate("alice", undefined, one)).toBe(true);
      expect(await sessions.activate("alice", other, undefined)).toBe(false);
      expect(await sessions.active("alice")).toEqual(one);
      expect(await sessions.activate("alice", one, other)).toBe(true);
      expect(await sessions.activate("alice", other, undefined)).toBe(true);
      expect(await sessions.active("alice")).toBeUndefined();
    },
  },
  {
    name: "a session that is over is not active, and makes way for the next one",
    async holds(sessions) {
      const over = row({ sessionId: idOf(1), endMs: 5 });
      const next = { userId: "alice", sessionId: idOf(2) };
      await filled(sessions, [over]);
      expect(await sessions.activate("alice", undefined, over)).toBe(true);
      expect(await sessions.active("alice")).toBeUndefined();
      expect(await sessions.activate("alice", undefined, next)).toBe(true);
      expect(await sessions.active("alice")).toEqual(next);
      expect(await sessions.activate("alice", undefined, over)).toBe(false);
    },
  },
  {
    name: "who was told that a session is active may still end it after it is over",
    async holds(sessions) {
      const over = row({ sessionId: idOf(1), endMs: 5 });
      await sessions.activate("alice", undefined, over);
      await filled(sessions, [over]);
      expect(await sessions.activate("alice", over, undefined)).toBe(true);
      expect(await sessions.active("alice")).toBeUndefined();
    },
  },
  {
    name: "a session that is forgotten is not active, also if it never had a row",
    async holds(sessions) {
      const key = { userId: "alice", sessionId: idOf(1) };
      await sessions.activate("alice", undefined, key);
      await sessions.forget({ ...key, userId: "bob" });
      expect(await sessions.active("alice")).toEqual(key);
      await sessions.forget(key);
      expect(await sessions.active("alice")).toBeUndefined();
    },
  },
];

const ORDERS: readonly { sortBy: SessionQuery["sortBy"]; ascending: readonly number[] }[] = [
  { sortBy: "start_time", ascending: [1, 2, 3, 4, 5, 6, 7] },
  // Those that go on first, as MongoDB sorts what is not there.
  { sortBy: "end_time", ascending: [2, 4, 5, 7, 3, 6, 1] },
  { sortBy: "message_count", ascending: [3, 5, 6, 7, 2, 1, 4] },
  { sortBy: "total_tokens", ascending: [1, 2, 5, 6, 7, 4, 3] },
  { sortBy: "user_id", ascending: [4, 7, 2, 3, 5, 1, 6] },
  { sortBy: "duration", ascending: [6, 3, 1, 7, 5, 4, 2] },
  { sortBy: "last_activity", ascending: [1, 2, 3, 4, 6, 7, 5] },
];

const LISTS: readonly SessionFact[] = [
  ...ORDERS.map(({ sortBy, ascending }) => ({
    name: `sorted by ${sortBy}, in both directions, in one page, by offsets and by cursors`,
    async holds(sessions: Sessions) {
      await filled(sessions, VARIED);
      for (const descending of [false, true]) {
        const order = descending ? ascending.toReversed() : ascending;
        const asked = query({ sortBy, descending });
        expect(numbers(await sessions.list(asked))).toEqual(order);
        const byCursor = await pages(sessions, { ...asked, limit: 2 });
        expect(byCursor.map(numbers)).toEqual([0, 2, 4, 6].map((at) => order.slice(at, at + 2)));
        const part = await sessions.list({ ...asked, limit: 3, from: { offset: 3 } });
        expect(numbers(part)).toEqual(order.slice(3, 6));
        expect(new Set(byCursor.map(({ total }) => total)).add(part.total)).toEqual(new Set([7]));
      }
    },
  })),
  {
    name: "filters are each and all",
    async holds(sessions) {
      await filled(sessions, VARIED);
      const cases: [Partial<SessionQuery>, number[]][] = [
        [{ userId: "bob" }, [2, 3, 5]],
        [{ userId: "nobody" }, []],
        [{ isActive: true }, [2, 4, 5, 7]],
        [{ isActive: false }, [1, 3, 6]],
        [{ adminAssisted: true }, [3, 4, 7]],
        [{ helpOpen: true }, [5, 7]],
        [{ helpOpen: false, adminAssisted: false }, [1, 2, 6]],
        [{ isActive: true, adminAssisted: true, helpOpen: true }, [7]],
        [{ isActive: false, helpOpen: true }, []],
        [{ fromMs: NOON + 200, toMs: NOON + 400 }, [3, 4, 5, 6]],
        [{ fromMs: NOON + 401 }, [7]],
        [{ toMs: NOON - 1 }, []],
        [{ userId: "bob", isActive: true, fromMs: NOON + 101 }, [5]],
      ];
      for (const [given, expected] of cases) {
        for (const sortBy of SORTS) {
          const page = await sessions.list(query({ ...given, sortBy }));
          expect(
            numbers(page).toSorted((a, b) => a - b),
            JSON.stringify(given),
          ).toEqual(expected);
          expect(page).toMatchObject({ total: expected.length, isCapped: false });
        }
      }
    },
  },
  {
    name: "equal sessions are in the order of their ids, backwards where the list descends",
    async holds(sessions) {
      const order = ["0", "1", "7fffffff", "80000000", "ffffffff"].flatMap((word) =>
        ["0", "8", "f"].map((end) => word.padStart(8, "0") + end.padStart(24, "0")),
      );
      await filled(
        sessions,
        order.toReversed().map((sessionId) => row({ sessionId })),
      );
      for (const sortBy of SORTS) {
        const asked = query({ sortBy, limit: 4 });
        const up = (await pages(sessions, asked)).flatMap(({ rows }) => rows);
        const down = (await pages(sessions, { ...asked, descending: true })).flatMap((p) => p.rows);
        expect(up.map(({ sessionId }) => sessionId)).toEqual(order);
        expect(down.map(({ sessionId }) => sessionId)).toEqual(order.toReversed());
      }
    },
  },
  {
    name: "users are in the order of code points, also those that join and leave later",
    async holds(sessions) {
      const order = ["", "A", "a", "a1", "b", "é", "\uFFFD", "\u{1F600}", "\u{1F600}a"];
      const rows = order.map((userId, at) => row({ userId, sessionId: idOf(at) }));
      const asked = query({ sortBy: "user_id", limit: 2 });
      const listed = async () => (await pages(sessions, asked)).flatMap(numbers);
      await filled(sessions, [rows[3]!, rows[7]!, rows[1]!]);
      expect(await listed()).toEqual([1, 3, 7]);
      await filled(sessions, [rows[8]!, rows[0]!, rows[6]!]);
      await sessions.forget(rows[7]!);
      expect(await listed()).toEqual([0, 1, 3, 6, 8]);
      await filled(sessions, [rows[7]!, rows[5]!, rows[4]!, rows[2]!]);
      expect(await listed()).toEqual(order.map((_, at) => at));
    },
  },
  {
    name: "a cursor leads on though its session, and its user, are gone",
    async holds(sessions) {
      await filled(sessions, VARIED);
      for (const sortBy of SORTS) {
        const asked = query({ sortBy, limit: 3 });
        const all = numbers(await sessions.list({ ...asked, limit: 100 }));
        const first = await sessions.list(asked);
        const last = first.rows.at(-1)!;
        await sessions.forget(last);
        const rest = await sessions.list({ ...asked, limit: 100, from: { cursor: first.next! } });
        expect(numbers(rest), sortBy).toEqual(all.slice(3));
        await filled(sessions, [last]);
      }
    },
  },
  {
    name: "pages of durations agree on the moment of the first one",
    async holds(sessions) {
      await filled(sessions, [
        row({ sessionId: idOf(1), startMs: NOON }),
        row({ sessionId: idOf(2), startMs: NOON - 300, endMs: NOON + 100 }),
        row({ sessionId: idOf(3), startMs: NOON - 900, endMs: NOON + 100 }),
      ]);
      const asked = query({ sortBy: "duration", limit: 1, nowMs: NOON + 500 });
      const first = await sessions.list(asked);
      expect(numbers(first)).toEqual([2]);
      const later = { ...asked, nowMs: NOON + 5_000 };
      const second = await sessions.list({ ...later, from: { cursor: first.next! } });
      expect(numbers(second)).toEqual([1]);
      expect(numbers(await sessions.list({ ...later, limit: 3 }))).toEqual([2, 3, 1]);
    },
  },
  {
    name: "a fold moves a session in every list",
    async holds(sessions) {
      await filled(sessions, VARIED);
      const was = VARIED[1]!;
      const now = {
        ...was,
        versions: { "home:1": 2 },
        startMs: NOON + 5_000,
        endMs: NOON + 9_999_999,
        lastActivityMs: NOON + 99_999,
        messageCount: 50,
        totalTokens: 5_000,
      };
      expect(await sessions.fold(now, was.versions)).toBe(true);
      for (const sortBy of SORTS.filter((sort) => sort !== "user_id" && sort !== "duration")) {
        const [first] = numbers(await sessions.list(query({ sortBy, descending: true })));
        expect(first, sortBy).toBe(2);
      }
      expect(numbers(await sessions.list(query({ isActive: true })))).toEqual([4, 5, 7]);
      expect(numbers(await sessions.list(query({ toMs: NOON + 100 })))).toEqual([1]);
    },
  },
  {
    name: "totals are exact to 10,000, and offsets go as far; cursors go on",
    async holds(sessions) {
      const rows = Array.from({ length: 10_003 }, (_, at) =>
        row({ sessionId: idOf(at), startMs: at, messageCount: at % 7 }),
      );
      await filled(sessions, rows.slice(0, 10_000));
      expect(await sessions.list(query())).toMatchObject({ total: 10_000, isCapped: false });
      await filled(sessions, rows.slice(10_000));
      const far = await sessions.list(query({ from: { offset: 10_000 }, limit: 2 }));
      expect(far).toMatchObject({ total: 10_000, isCapped: true });
      expect(numbers(far)).toEqual([10_000, 10_001]);
      const last = await sessions.list(query({ limit: 2, from: { cursor: far.next! } }));
      expect(numbers(last)).toEqual([10_002]);
      expect(last.next).toBeUndefined();
      const counted = (await pages(sessions, query({ sortBy: "message_count", limit: 1_000 })))
        .flatMap(({ rows }) => rows)
        .map(({ messageCount }) => messageCount);
      expect(counted).toEqual(rows.map(({ messageCount }) => messageCount).toSorted());
      const past = await sessions.list(query({ toMs: 50, from: { offset: 100 } }));
      expect(past).toMatchObject({ rows: [], total: 51, next: undefined });
    },
  },
  {
    name: "what asks for too much, or in words of nobody, is refused",
    async holds(sessions) {
      await filled(sessions, VARIED);
      const { next } = await sessions.list(query({ limit: 1 }));
      const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const bad: Partial<SessionQuery>[] = [
        { limit: 0 },
        { limit: 1_001 },
        { limit: 1.5 },
        { from: { offset: -1 } },
        { from: { offset: 10_001 } },
        { sortBy: "end_time", from: { cursor: next! } },
        { descending: true, from: { cursor: next! } },
        ...[
          "",
          "x",
          next! + "=",
          next! + "A",
          next!.slice(1),
          "A".repeat(100_000),
          text(null),
          text(["start_time", false, 0, 0]),
          text(["start_time", false, 0, "0", idOf(1)]),
          text(["start_time", false, 0, 0.5, idOf(1)]),
          text(["start_time", false, 0, 0, "g".repeat(32)]),
          text(["start_time", false, 0, 0, idOf(1), 1]),
          text(["__proto__", false, 0, 0, idOf(1)]),
        ].map((cursor) => ({ from: { cursor } })),
      ];
      for (const given of bad) {
        const asked = sessions.list(query(given));
        expect(await refusal(asked), JSON.stringify(given)).toBe("BAD_REQUEST");
      }
    },
  },
];

const answered = (count: number, sumMs: number, maxMs: number) => ({ count, sumMs, maxMs });

const METRICS: readonly SessionFact[] = [
  {
    name: "sums are of the sessions that began in the window, to the millisecond",
    async holds(sessions) {
      await filled(sessions, [
        row({ sessionId: idOf(1), startMs: NOON - 1, totalTokens: 1_000 }),
        row({
          sessionId: idOf(2),
          startMs: NOON,
          endMs: NOON + 5 * HOUR,
          totalTokens: 1,
          cost: 0.1,
          answers: answered(2, 300, 200),
        }),
        assisted(idOf(3), {
          startMs: NOON + HOUR,
          totalTokens: 10,
          cost: 0.2,
          answers: answered(1, 50.5, 50.5),
        }),
        row({ sessionId: idOf(4), startMs: NOON + 2 * HOUR - 1, totalTokens: 100 }),
        row({ sessionId: idOf(5), startMs: NOON + 2 * HOUR + 7, totalTokens: 10_000 }),
      ]);
      const sums = await sessions.metrics(NOON, NOON + 2 * HOUR);
      expect(sums).toMatchObject({ totalSessions: 3, activeSessions: 2, totalTokens: 111 });
      expect(sums).toMatchObject({ cost: 0.3, avgResponseMs: 100.25, maxResponseMs: 200 });
      expect(sums.adminAssisted).toBe(1);
      const one = await sessions.metrics(NOON + 1, NOON + HOUR);
      expect(one).toMatchObject({ totalSessions: 1, totalTokens: 10, maxResponseMs: 50.5 });
      const cut = await sessions.metrics(NOON - 1, NOON + 2 * HOUR + 7);
      expect(cut).toMatchObject({ totalSessions: 5, totalTokens: 11_111 });
    },
  },
  {
    name: "how many went on at once is averaged over the window, and over its fullest hour",
    async holds(sessions) {
      await filled(sessions, [
        // Two hours from half past eleven.
        row({ sessionId: idOf(1), startMs: NOON - HOUR / 2, endMs: NOON + 1.5 * HOUR }),
        row({ sessionId: idOf(2), startMs: NOON + HOUR }),
        row({ sessionId: idOf(3), startMs: NOON + HOUR, endMs: NOON + 1.25 * HOUR }),
        row({ sessionId: idOf(4), startMs: NOON + 90 * HOUR, endMs: NOON + 99 * HOUR }),
      ]);
      const hours = async (from: number, to: number) => {
        const { avgConcurrent, maxConcurrent } = await sessions.metrics(
          NOON + from * HOUR,
          NOON + to * HOUR - 1,
        );
        return [avgConcurrent, maxConcurrent];
      };
      expect(await hours(-1, 0)).toEqual([0.5, 0.5]);
      expect(await hours(-1, 3)).toEqual([4.25 / 4, 1.75]);
      expect(await hours(1.25, 1.5)).toEqual([2, 2]);
      expect(await hours(0.5, 1.5)).toEqual([(0.5 + 0.5 + 0.5 + 0.25) / 1, 2.5]);
      expect(await hours(3, 50)).toEqual([1, 1]);
      expect(await hours(80, 100)).toEqual([(20 + 9) / 20, 2]);
      expect(await hours(-100, -50)).toEqual([0, 0]);
    },
  },
  {
    name: "a fold and a forgotten session leave no trace in the sums",
    async holds(sessions) {
      const one = row({ sessionId: idOf(1), startMs: NOON, answers: answered(3, 900, 700) });
      const other = row({ sessionId: idOf(2), startMs: NOON, answers: answered(1, 400, 400) });
      await filled(sessions, [one, other]);
      const sums = () => sessions.metrics(NOON, NOON + HOUR - 1);
      expect(await sums()).toMatchObject({ maxResponseMs: 700, avgResponseMs: 350 });
      const moved = { ...one, versions: { "away:1": 1 }, startMs: NOON - HOUR, cost: 1 / 3 };
      expect(await sessions.fold(moved, one.versions)).toBe(true);
      expect(await sums()).toMatchObject({ totalSessions: 1, maxResponseMs: 400, cost: 0 });
      const ended = { ...moved, versions: { "away:1": 2 }, endMs: NOON + 5, totalTokens: 3 };
      expect(await sessions.fold(ended, moved.versions)).toBe(true);
      const before = await sessions.metrics(NOON - HOUR, NOON - 1);
      expect(before).toMatchObject({ totalTokens: 3, activeSessions: 0, maxResponseMs: 700 });
      await sessions.forget(ended);
      await sessions.forget(other);
      await sessions.forget(other);
      const after = await sessions.metrics(NOON - HOUR, NOON + HOUR);
      expect(Object.values(after)).toEqual(Array(9).fill(0));
    },
  },
  {
    name: "the longest answer is found again when its session goes, from whole hours and from parts",
    async holds(sessions) {
      const lengths = [100, 900, 300, 900];
      const rows = lengths.map((maxMs, at) =>
        row({
          sessionId: idOf(at),
          startMs: NOON + at * 1_000,
          answers: answered(1, maxMs, maxMs),
        }),
      );
      await filled(sessions, rows);
      const most = async (toMs: number) => (await sessions.metrics(NOON, toMs)).maxResponseMs;
      expect(await most(NOON + HOUR)).toBe(900);
      await sessions.forget(rows[1]!);
      expect([await most(NOON + HOUR), await most(NOON + 2_500)]).toEqual([900, 300]);
      await sessions.forget(rows[3]!);
      const longer = { ...rows[0]!, versions: { "home:1": 2 }, answers: answered(2, 750, 650) };
      expect(await sessions.fold(longer, rows[0]!.versions)).toBe(true);
      expect(await most(NOON + HOUR)).toBe(650);
      const shorter = { ...longer, versions: { "home:1": 3 }, answers: answered(2, 20, 10) };
      expect(await sessions.fold(shorter, longer.versions)).toBe(true);
      expect(await most(NOON + HOUR)).toBe(300);
    },
  },
  {
    name: "a window that ends before it begins is refused",
    async holds(sessions) {
      expect(await refusal(sessions.metrics(2, 1))).toBe("BAD_REQUEST");
      expect(await refusal(sessions.metrics(Number.NaN, 1))).toBe("BAD_REQUEST");
      expect((await sessions.metrics(1, 1)).totalSessions).toBe(0);
    },
  },
];

/** What every `Sessions` does. There are none when a fact begins. */
export const SESSION_FACTS: readonly SessionFact[] = [...ROWS, ...ACTIVE, ...LISTS, ...METRICS];
