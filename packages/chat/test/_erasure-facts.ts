import { expect } from "vitest";
import type { MessageLog } from "../src/log/ports.ts";
import type { Erasures, LogErasure } from "../src/privacy/ports.ts";
import { ALICE, BOB, draft } from "./_log-facts.ts";

const erasure = (sinceMs: number, sessionId?: string) => ({
  userId: "alice",
  sessionId,
  sinceMs,
});

/** What every `Erasures` does. It is empty when a fact begins. */
export const ERASURE_FACTS: readonly { name: string; holds: (all: Erasures) => Promise<void> }[] = [
  {
    name: "what is due comes, the longest due first",
    async holds(erasures) {
      await erasures.put(erasure(1, "s1"), 30);
      await erasures.put(erasure(2, "s2"), 10);
      await erasures.put(erasure(3), 20);
      expect(await erasures.due(20, 10)).toEqual([erasure(2, "s2"), erasure(3)]);
      expect(await erasures.due(30, 1)).toEqual([erasure(2, "s2")]);
    },
  },
  {
    name: "one that is put again is looked at later",
    async holds(erasures) {
      await erasures.put(erasure(1), 1);
      await erasures.put(erasure(1), 50);
      expect(await erasures.due(49, 10)).toEqual([]);
      expect(await erasures.due(50, 10)).toEqual([erasure(1)]);
    },
  },
  {
    name: "users are told from sessions, the latest first",
    async holds(erasures) {
      await erasures.put({ ...erasure(3), userId: "bob" }, 30);
      await erasures.put(erasure(5, "s1"), 10);
      await erasures.put(erasure(4), 20);
      await erasures.put({ ...erasure(1), userId: "carol" }, 20);
      expect(await erasures.usersSince(2, 10)).toEqual([
        erasure(4),
        { ...erasure(3), userId: "bob" },
      ]);
      expect(await erasures.usersSince(2, 1)).toEqual([erasure(4)]);
    },
  },
  {
    name: "one that is done is gone, unless it was asked for again meanwhile",
    async holds(erasures) {
      await erasures.put(erasure(1), 1);
      await erasures.remove(erasure(1));
      expect(await erasures.due(100, 10)).toEqual([]);
      await erasures.put(erasure(2), 2);
      await erasures.remove(erasure(1));
      expect(await erasures.due(100, 10)).toEqual([erasure(2)]);
    },
  },
];

type Log = MessageLog & LogErasure;

/** What every log does from which something is erased. It is empty when a fact begins. */
export const LOG_ERASURE_FACTS: readonly { name: string; holds: (log: Log) => Promise<void> }[] = [
  {
    name: "what is erased is gone, and what is left keeps its numbers",
    async holds(log) {
      for (const id of ["a", "b", "c"]) await log.append(draft({ id }));
      expect(await log.erase(ALICE, { [log.origin]: 2 })).toBe(2);
      const left = await log.after(ALICE, {}, 10);
      expect(left.map(({ number }) => number)).toEqual([3]);
      const next = await log.append(draft({ id: "d" }));
      expect(next).toMatchObject({ outcome: "stored", entry: { number: 4 } });
    },
  },
  {
    name: "a log that is erased whole is as if it had never been, and others stay",
    async holds(log) {
      await log.append(draft({ id: "a" }));
      await log.append(draft({ id: "b", ...BOB }));
      expect(await log.erase(ALICE, { [log.origin]: 1 })).toBe(1);
      expect(await log.erase(ALICE, { [log.origin]: 1 })).toBe(0);
      expect(await log.heads(ALICE)).toMatchObject({ hlc: 0, versions: {} });
      expect((await log.latest(ALICE, undefined, 10)).entries).toEqual([]);
      expect(await log.after(BOB, {}, 10)).toHaveLength(1);
    },
  },
  {
    name: "what is erased is not in the tail, and cursors go on",
    async holds(log) {
      const { cursor } = await log.tail(undefined, 10);
      await log.append(draft({ id: "a" }));
      await log.append(draft({ id: "b", ...BOB }));
      await log.erase(ALICE, { [log.origin]: 1 });
      const tail = await log.tail(cursor, 10);
      expect(tail.entries.map(({ clientMessageId }) => clientMessageId)).toEqual(["b"]);
      await log.append(draft({ id: "c", ...BOB }));
      const next = await log.tail(tail.cursor, 10);
      expect(next.entries.map(({ clientMessageId }) => clientMessageId)).toContain("c");
    },
  },
];
