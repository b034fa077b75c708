import { describe, expect, test } from "vitest";
import type { Journal } from "./journal.ts";
import { latestMessages } from "./latest-messages.ts";
import type { Said } from "./said.ts";

const KEY = { userId: "alice", sessionId: "5".repeat(32) };

/** A session of these kinds, oldest first, and what was read of it. */
function session(kinds: readonly string[]) {
  const all = kinds.map((kind, at) => ({ kind, messageId: String(at + 1) }) as Said);
  const reads: number[] = [];
  const journal: Pick<Journal, "latest"> = {
    async latest(_, before, limit) {
      const end = before === undefined ? all.length : before["a"]!;
      const begin = Math.max(0, end - limit);
      reads.push(end - begin);
      return { said: all.slice(begin, end), older: begin === 0 ? {} : { a: begin } };
    },
  };
  return { journal, reads, all };
}
const times = (count: number, kind: string) => Array.from({ length: count }, () => kind);

describe("the latest messages", () => {
  test.each([
    { name: "of a session that has fewer are all", kinds: times(5, "message"), count: 5 },
    { name: "are read once where there is nothing else", kinds: times(90, "message"), count: 80 },
    {
      name: "are there behind receipts and reactions of many devices",
      kinds: [...times(10, "message"), ...times(500, "receipt"), ...times(200, "reaction")],
      count: 710,
    },
  ])("$name", async ({ kinds, count }) => {
    const { journal, all } = session(kinds);
    expect(await latestMessages(journal, KEY, 80)).toEqual(all.slice(-count));
  });

  test("come in the order of the session, and no page is read too much", async () => {
    const mixed = times(600, "x").map((_, at) => (at % 3 === 0 ? "message" : "receipt"));
    const { journal, all, reads } = session(mixed);
    expect(await latestMessages(journal, KEY, 80)).toEqual(all.slice(-380));
    expect(reads).toEqual([80, 300]);
  });

  test("are not looked for to the beginning of a session without end", async () => {
    const { journal, reads } = session([...times(100, "message"), ...times(50_000, "receipt")]);
    await latestMessages(journal, KEY, 80);
    expect(reads.reduce((sum, read) => sum + read, 0)).toBeLessThan(4_000);
  });
});
