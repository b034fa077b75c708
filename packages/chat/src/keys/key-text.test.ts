import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { virtualClock } from "@warren/host/testing";
import { keyProblems, readKey } from "./key-text.ts";
import { MasterKeyError, MasterKeys } from "./master-keys.ts";

const RAW = "0kXr9#mQz7!vB2@pLw5$tNy8&cJd4*hF";
const good = () => randomBytes(32).toString("base64");

/** Master keys, and what their source says, to be changed. */
async function opened(texts: { current: string; former: string }) {
  const clock = virtualClock();
  const said = { ...texts, reads: 0 };
  const source = async () => {
    said.reads += 1;
    return { current: said.current, former: said.former };
  };
  return { said, clock, masters: await MasterKeys.open({ source, clock, coolDownMs: 1000 }) };
}

describe("a master key's text", () => {
  test("is base64 of 32 bytes, as openssl rand -base64 32 prints it", () => {
    const key = randomBytes(32);
    expect(readKey(key.toString("base64"))).toEqual(key);
  });

  test.each([
    { name: "32 characters are their bytes", text: RAW, want: Buffer.from(RAW) },
    {
      name: "32 characters that look like base64 are still their bytes",
      text: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
      want: Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"),
    },
    {
      name: "32 bytes of UTF-8 are read as the seed read them",
      text: "ä".repeat(16),
      want: Buffer.from("ä".repeat(16)),
    },
    {
      name: "32 characters of Latin-1 are 32 bytes",
      text: "\xff".repeat(32),
      want: Buffer.alloc(32, 255),
    },
  ])("$name", ({ text, want }) => {
    expect(readKey(text)).toEqual(want);
  });

  test.each([
    { name: "31 characters", text: RAW.slice(1) },
    { name: "33 characters, which the seed's predecessor cut off", text: `${RAW}x` },
    { name: "a 44 character base64 of 33 bytes", text: Buffer.alloc(33, 7).toString("base64") },
    {
      name: "base64 without its padding",
      text: Buffer.alloc(32, 7).toString("base64").slice(0, -1),
    },
    { name: "64 hexadecimal digits", text: randomBytes(32).toString("hex") },
    { name: "base64 that hides other bits at its end", text: `${"A".repeat(42)}B=` },
    { name: "what was not text when the file was read", text: "\uFFFD".repeat(10) + "ab" },
    { name: "characters beyond Latin-1", text: "\u4e2d".repeat(32) },
  ])("$name is none, and is told how to make one without being echoed", ({ text }) => {
    expect(readKey(text)).toBeUndefined();
    const problems = keyProblems({ current: text, former: "" });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("openssl rand -base64 32");
    expect(problems[0]).not.toContain(text);
  });

  test.each([
    { name: "nothing", text: "", says: "not set" },
    { name: "a placeholder", text: "REPLACE_WITH_A_32_CHARACTER_KEY!", says: "placeholder" },
    { name: "another", text: "change-me-change-me-change-me-32", says: "placeholder" },
    { name: "zeros", text: Buffer.alloc(32).toString("base64"), says: "hardly random" },
    { name: "one character, 32 times", text: "k".repeat(32), says: "hardly random" },
  ])("$name is refused as the current key", ({ text, says }) => {
    expect(keyProblems({ current: text, former: "" })).toEqual([expect.stringContaining(says)]);
  });

  test("a former key may be as bad as it was, for it must open what it sealed", () => {
    expect(keyProblems({ current: good(), former: "REPLACE_WITH_A_32_CHARACTER_KEY!" })).toEqual(
      [],
    );
  });

  test("all problems are told at once, each with its place", () => {
    const problems = keyProblems({ current: "short", former: `${good()}, one, ,two` });
    expect(problems.map((text) => text.split(": expected")[0])).toEqual([
      "ENCRYPTION_KEY",
      "ENCRYPTION_KEY_PREVIOUS: key 2",
      "ENCRYPTION_KEY_PREVIOUS: key 3",
    ]);
  });

  test("no random key is refused", () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(bytes, (key) => {
        fc.pre(new Set(key).size >= 6);
        const text = Buffer.from(key).toString("base64");
        expect(keyProblems({ current: text, former: text })).toEqual([]);
      }),
    );
  });
});

describe("master keys", () => {
  test("are found by ids that come from the keys alone", async () => {
    const [a, b] = [good(), good()];
    const { masters } = await opened({ current: a, former: b });
    const { masters: swapped } = await opened({ current: b, former: `${a},${b}` });
    expect(masters.all.map(({ id }) => id)).toEqual(swapped.all.map(({ id }) => id).toReversed());
    expect(masters.get(swapped.current.id)).toBe(masters.all[1]);
    expect(masters.current.id).toMatch(/^[\w-]{11}$/);
  });

  test("that cannot be used are an error with all problems and no key", async () => {
    const texts = { current: "a-secret-that-is-short", former: "another-secret" };
    const failure = await opened(texts).catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(MasterKeyError);
    expect((failure as MasterKeyError).problems).toHaveLength(2);
    expect(inspect(failure)).not.toContain("secret");
  });

  test("show nothing of themselves when they are printed", async () => {
    const { masters } = await opened({ current: RAW, former: "" });
    const shown = inspect(masters, { depth: 9, showHidden: true }) + JSON.stringify(masters.all);
    expect(shown).not.toContain(RAW);
    expect(shown).not.toContain(Buffer.from(RAW).toString("hex").slice(0, 8));
  });

  test("are read again for an id that nobody knows, but not for every one that asks", async () => {
    const { said, clock, masters } = await opened({ current: good(), former: "" });
    const { masters: elsewhere } = await opened({ current: good(), former: "" });
    const { id } = elsewhere.current;
    expect(await masters.find(id)).toBeUndefined();
    expect(said.reads).toBe(1);
    clock.advance(1000);
    await Promise.all([masters.find(id), masters.find("other"), masters.find(id)]);
    expect(said.reads).toBe(2);
    expect(masters.get(masters.current.id)).toBe(masters.current);
  });

  test("stay as they were when what is read anew is wrong, and say so to who asked for it", async () => {
    const { said, clock, masters } = await opened({ current: good(), former: "" });
    const { id } = masters.current;
    said.current = "";
    await expect(masters.reload()).rejects.toBeInstanceOf(MasterKeyError);
    clock.advance(1000);
    expect(await masters.find("unknown")).toBeUndefined();
    expect(masters.current.id).toBe(id);
  });

  test("change when their file did", async () => {
    const { said, masters } = await opened({ current: good(), former: "" });
    const old = masters.current.id;
    Object.assign(said, { current: good(), former: said.current });
    await masters.reload();
    expect(masters.current.id).not.toBe(old);
    expect(masters.all[1]?.id).toBe(old);
  });
});
