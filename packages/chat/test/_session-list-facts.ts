import { expect } from "vitest";
import { SORTS, type SessionQuery, type Sessions } from "../src/sessions/ports.ts";
import { row } from "./_row-kit.ts";
import {
  filled,
  idOf,
  NOON,
  numbers,
  pages,
  query,
  refusal,
  VARIED,
  type SessionFact,
} from "./_session-kit.ts";

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

export const LIST_FACTS: readonly SessionFact[] = [
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
      expect(counted).toEqual(
        rows.map(({ messageCount }) => messageCount).toSorted((a, b) => a - b),
      );
      const past = await sessions.list(query({ toMs: 50, from: { offset: 100 } }));
      expect(past).toMatchObject({ rows: [], total: 51, next: undefined });
    },
  },
  {
    name: "what asks for too much, or in words of nobody, is refused",
    async holds(sessions) {
      await filled(sessions, VARIED);
      const { next } = await sessions.list(query({ limit: 1 }));
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
          cursorOf(null),
          cursorOf(["start_time", false, 0, 0]),
          cursorOf(["start_time", false, 0, "0", idOf(1)]),
          cursorOf(["start_time", false, 0, 0.5, idOf(1)]),
          cursorOf(["start_time", false, 0, 0, "g".repeat(32)]),
          cursorOf(["start_time", false, 0, 0, idOf(1), 1]),
          cursorOf(["__proto__", false, 0, 0, idOf(1)]),
        ].map((cursor) => ({ from: { cursor } })),
      ];
      for (const given of bad) {
        const asked = sessions.list(query(given));
        expect(await refusal(asked), JSON.stringify(given)).toBe("BAD_REQUEST");
      }
    },
  },
];

function cursorOf(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
