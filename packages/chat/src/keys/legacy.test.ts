import { createCipheriv, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { virtualClock } from "@warren/host/testing";
import { openLegacy, readLegacy, type LegacyContent } from "./legacy.ts";
import { MasterKeys } from "./master-keys.ts";
import { SealError } from "./seal-error.ts";

const KEY = "seed-key-of-32-characters-000001";
const OTHER = randomBytes(32).toString("base64");

/** As the seed's Go code stores it. */
function seedSealed(text: string, key = Buffer.from(KEY)): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64");
}
const keys = (current: string, former = "") =>
  MasterKeys.open({
    source: async () => ({ current, former }),
    clock: virtualClock(),
    coolDownMs: 1000,
  });
function outcome(read: () => string): string {
  try {
    return read();
  } catch (reason) {
    if (reason instanceof SealError) return `error: ${reason.reason}`;
    throw reason;
  }
}

/** Sealed by the seed's scheme with the key above and the nonce 000102..0b; pins the format. */
const PINNED = "AAECAwQFBgcICQoLI/fV7L/5ZjErkfV9TdHkwLVbIWR6";

describe("text in the seed's format", () => {
  test.each(["", "hello", "zoë 🐇"])(
    "%j is read, with the key as it was said there",
    async (text) => {
      expect(openLegacy(seedSealed(text), await keys(KEY))).toBe(text);
    },
  );

  test("is read with the same bytes in base64, and with a former key", async () => {
    const sealed = seedSealed("hello");
    const inBase64 = Buffer.from(KEY).toString("base64");
    expect(openLegacy(sealed, await keys(OTHER, inBase64))).toBe("hello");
    expect(openLegacy(sealed, await keys(OTHER, KEY))).toBe("hello");
  });

  test("is an error with a wrong key or when it was changed, never the text as stored", async () => {
    const sealed = seedSealed("hello");
    const changed = (sealed.startsWith("A") ? "B" : "A") + sealed.slice(1);
    const masters = await keys(KEY);
    const wrong = await keys(OTHER);
    expect(outcome(() => openLegacy(sealed, wrong))).toBe("error: unknown_master_key");
    expect(outcome(() => openLegacy(changed, masters))).toBe("error: unknown_master_key");
  });

  const sealed = seedSealed("hello");
  const foreign = seedSealed("hello", randomBytes(32));
  const base64 = Buffer.from("a picture, said in base64, that is long enough").toString("base64");
  test.each<{ name: string; text: string; content: LegacyContent; want: string }>([
    { name: "sealed", text: sealed, content: "sealed", want: "hello" },
    { name: "plain text", text: "hi", content: "sealed", want: "error: malformed" },
    { name: "plain text", text: "hi", content: "plain", want: "hi" },
    { name: "text that looks sealed", text: base64, content: "plain", want: base64 },
    { name: "plain text", text: "hi", content: "mixed", want: "hi" },
    { name: "nothing", text: "", content: "mixed", want: "" },
    { name: "sealed", text: sealed, content: "mixed", want: "hello" },
    {
      name: "what another key sealed",
      text: foreign,
      content: "mixed",
      want: "error: unknown_master_key",
    },
    {
      name: "text that looks sealed",
      text: base64,
      content: "mixed",
      want: "error: unknown_master_key",
    },
  ])("$name in a database said to be $content: $want", async ({ text, content, want }) => {
    const masters = await keys(KEY);
    expect(outcome(() => readLegacy(text, content, masters))).toBe(want);
  });

  test("is read as it was written once", async () => {
    expect(openLegacy(PINNED, await keys(KEY))).toBe("hello");
  });
});
