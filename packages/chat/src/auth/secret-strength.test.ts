import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secretProblems } from "./secret-strength.ts";

const told = (secret: string) =>
  secretProblems("JWT_SECRET", secret).map((text) => {
    expect(text).toMatch(/^JWT_SECRET: .*openssl rand/);
    if (secret !== "") expect(text).not.toContain(secret);
    return text.replace(/^JWT_SECRET: (\S+ \S+).*/, "$1");
  });

describe("a shared secret", () => {
  test.each([
    { name: "nothing", secret: "", want: ["not set;"] },
    {
      name: "a short random one",
      secret: "kQ7z2mVx9LpW4nRt8sYc3BdF6gHj1Ka",
      want: ["shorter than"],
    },
    { name: "a word", secret: "secret", want: ["shorter than", "easily guessed"] },
    {
      name: "the seed's own",
      secret: "dev-secret-change-me-in-production-32chars",
      want: ["still the", "easily guessed"],
    },
    {
      name: "words in a row",
      secret: "mysecretpasswordfortestingjwttokens",
      want: ["easily guessed"],
    },
    {
      name: "a sentence of templates",
      secret: "this-is-a-very-secure-secret-key-for-the-chat",
      want: ["easily guessed"],
    },
    { name: "one character", secret: "x".repeat(64), want: ["easily guessed"] },
    {
      name: "a pattern",
      secret: "abcabcabcabcabcabcabcabcabcabcabcabc",
      want: ["easily guessed"],
    },
    { name: "a good start, repeated", secret: "Xk29fQpL".repeat(6), want: ["easily guessed"] },
    {
      name: "the alphabet",
      secret: "abcdefghijklmnopqrstuvwxyz0123456789",
      want: ["easily guessed"],
    },
    {
      name: "words and the number row",
      secret: "Password1234567890ADMIN!!Password!!",
      want: ["easily guessed"],
    },
    {
      name: "a placeholder",
      secret: "REPLACE_WITH_kQ7z2mVx9LpW4nRt8sYc3BdF6gHj1Ka",
      want: ["still the"],
    },
    {
      name: "the keyboard",
      secret: "qwertyuiopasdfghjklzxcvbnmqwertyuiop",
      want: ["easily guessed"],
    },
  ])("of $name is refused: $want", ({ secret, want }) => {
    expect(told(secret)).toEqual(want);
  });

  test.each([
    { name: "test", secret: "kQ7z2mVtestx9LpW4nRt8sYc3BdF6gHj1KaU" },
    { name: "secret and 12345", secret: "secret-kQ7z2mVx9LpW4nRt8sYc3BdF6gHj1-12345" },
    { name: "admin", secret: "9f86d081884c7d659a2feaa0c55ad015admina3bf4f1b2b" },
    {
      name: "demo, in a sentence nobody knows",
      secret: "demo: nine otters juggle cold brass lanterns",
    },
  ])("that holds $name is taken, for nobody guesses the rest", ({ secret }) => {
    expect(told(secret)).toEqual([]);
  });

  test("of random bytes is taken, however it is written", () => {
    const written = fc.constantFrom("hex", "base64", "base64url") as fc.Arbitrary<BufferEncoding>;
    fc.assert(
      fc.property(written, fc.integer({ min: 24, max: 64 }), (encoding, bytes) => {
        const text = randomBytes(bytes).toString(encoding);
        expect(told(text)).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  test("of 32 random hexadecimal digits is taken", () => {
    for (let n = 0; n < 3_000; n++) {
      expect(told(randomBytes(16).toString("hex"))).toEqual([]);
    }
  });

  test.each([
    { algorithm: "HS384", length: 47, want: 1 },
    { algorithm: "HS384", length: 48, want: 0 },
    { algorithm: "HS512", length: 63, want: 1 },
    { algorithm: "HS512", length: 64, want: 0 },
  ] as const)(
    "of $length bytes for $algorithm has $want problems",
    ({ algorithm, length, want }) => {
      const secret = randomBytes(64).toString("base64url").slice(0, length);
      expect(secretProblems("JWT_SECRET", secret, ["HS256", algorithm])).toHaveLength(want);
    },
  );
});
