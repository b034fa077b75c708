// The lists of traps in docs/decisions against the tests that they name.
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./_rooms.ts";
import { tableUnder } from "./_tables.ts";

const CHATBOX = "docs/decisions/0250-traps-of-the-chat-service.md";
const MESSAGING = "docs/decisions/0211-traps-of-the-messaging-platform.md";

/** Texts of test files by what decisions call them. */
const TESTS = new Map<string, string>();
for (const file of globSync("{test,packages/*/{src,test}}/**/*.test.ts", { cwd: ROOT })) {
  const name = basename(file, ".test.ts");
  TESTS.set(name, `${TESTS.get(name) ?? ""}${readFileSync(join(ROOT, file), "utf8")}`);
}

/** Of `tokens`: that never ends; ... */
const NAMED = /`([\w.-]+)`: ([^;.|)]+)/g;

test("every trap of the chat service is a test, or says why it is none", () => {
  const rows = tableUnder(CHATBOX, "0250 Traps of the chat service");
  expect(rows.map(([trap]) => trap)).toEqual(Array.from({ length: 48 }, (_, at) => `T-${at + 1}`));
  const missing = rows.flatMap(([trap = "", , where = ""]) => {
    const named = [...where.matchAll(NAMED)];
    if (named.length === 0 && where.length < 40) return [`${trap}: neither a test nor a reason`];
    return named
      .filter(([, file = "", words = ""]) => TESTS.get(file)?.includes(words.trim()) !== true)
      .map(([said]) => `${trap}: ${said}`);
  });
  expect(missing).toEqual([]);
});

test("every trap of the messaging platform has a row, and the tests that are named are there", () => {
  const rows = tableUnder(MESSAGING, "0211 Traps of the messaging platform");
  const numbers = rows.flatMap(([traps = ""]) => traps.split(", ").flatMap(range));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, at) => at + 1));
  const named = rows.flatMap(([, what = ""]) => Array.from(what.matchAll(/`([a-z-]+)`/g)));
  const missing = named.flatMap(([, name = ""]) =>
    TESTS.has(name) || WORDS.has(name) ? [] : name,
  );
  expect(missing).toEqual([]);
});

/** In the same marks, and no tests. */
const WORDS = new Set(["host"]);

function range(said: string): number[] {
  const [first = 0, last = first] = said.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
