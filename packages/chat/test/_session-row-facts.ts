import { expect } from "vitest";
import { row } from "./_row-kit.ts";
import {
  filled,
  idOf,
  NOON,
  query,
  refusal,
  numbers,
  VARIED,
  type SessionFact,
} from "./_session-kit.ts";

/** Rows, and the session of a user that is active. */
export const ROW_FACTS: readonly SessionFact[] = [
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
      const folding = folds.map((one) => sessions.fold(one, undefined));
      const refused = refusal(folding[0]!.then(() => sessions.fold(foreign, undefined)));
      const other = sessions.fold(row({ sessionId: idOf(2) }), undefined);
      expect((await Promise.all(folding)).filter((isFolded) => isFolded)).toHaveLength(1);
      expect(await Promise.all([refused, other])).toEqual(["CONFLICT", true]);
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
  {
    name: "of two first sessions that begin at once one becomes active, and the other joins it",
    async holds(sessions) {
      const [one, other] = [1, 2].map((n) => ({ userId: "alice", sessionId: idOf(n) }));
      const began = await Promise.all(
        [one, other].map((next) => sessions.activate("alice", undefined, next)),
      );
      expect(began.filter((isActive) => isActive)).toHaveLength(1);
      expect(await sessions.active("alice")).toEqual([one, other][began.indexOf(true)]);
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
