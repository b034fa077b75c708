import { describe, test } from "vitest";
import { memoryKeyStore } from "../src/keys/memory-key-store.ts";
import { KEY_STORE_FACTS } from "./_key-store-facts.ts";

describe("data keys in memory", () => {
  test.each(KEY_STORE_FACTS)("$name", ({ holds }) => holds(memoryKeyStore()));
});
