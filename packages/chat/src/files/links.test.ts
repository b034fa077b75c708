import { describe, expect, test } from "vitest";
import { signLink, verifyLink, type FileLink } from "./links.ts";

const KEY = Buffer.alloc(32, 1);
const OLD = Buffer.alloc(32, 2);
const LINK: FileLink = {
  id: "f".repeat(32),
  scope: "user:alice&x=1",
  expires: 1_000,
  disposition: "inline",
};
const NOW = 999_999;

const check = (query: string, id = LINK.id, keys: readonly Uint8Array[] = [KEY], wallMs = NOW) =>
  verifyLink(id, new URLSearchParams(query), { keys, wallMs });

const signature = (query: string) => new URLSearchParams(query).get("k");

describe("a link", () => {
  test("says what it was made for", () => {
    expect(check(signLink(LINK, KEY))).toEqual(LINK);
  });

  test("ends", () => {
    expect(check(signLink(LINK, KEY), LINK.id, [KEY], 1_000_000)).toBe("expired");
  });

  test("holds after the key was rotated, and not after the old one is gone", () => {
    const old = signLink(LINK, OLD);
    expect(check(old, LINK.id, [KEY, OLD])).toEqual(LINK);
    expect(check(old)).toBe("forged");
  });

  test.each([
    { name: "another file", query: (query: string) => query, id: "e".repeat(32) },
    { name: "a later end", query: (query: string) => query.replace("e=1000", "e=2000") },
    { name: "another user", query: (query: string) => query.replace("alice", "bob") },
    {
      name: "another way to be shown",
      query: (query: string) => query.replace("inline", "attachment"),
    },
    { name: "a shorter signature", query: (query: string) => query.slice(0, -4) },
    { name: "no signature", query: (query: string) => query.replace(/k=.*/, "k=") },
  ])("does not hold for $name", ({ query, id }) => {
    expect(check(query(signLink(LINK, KEY)), id)).toBe("forged");
  });

  test("that ended is not told from a forged one unless it was genuine", () => {
    const forged = signLink(LINK, OLD);
    expect(check(forged, LINK.id, [KEY], 9e12)).toBe("forged");
  });

  test.each([
    { name: "nothing", query: "" },
    { name: "a word for its end", query: "?e=soon&s=a&d=inline&k=x" },
    { name: "a negative end", query: "?e=-1&s=a&d=inline&k=x" },
    { name: "an unknown way to be shown", query: "?e=1&s=a&d=page&k=x" },
    { name: "a parameter twice", query: `${signLink(LINK, KEY)}&s=user:bob` },
  ])("of $name is malformed", ({ query }) => {
    expect(check(query)).toBe("malformed");
  });

  test("has fields that cannot run into each other", () => {
    const one = signLink({ ...LINK, id: "a", scope: "b" }, KEY);
    const two = signLink({ ...LINK, id: "ab", scope: "" }, KEY);
    expect(signature(one)).not.toBe(signature(two));
  });
});
