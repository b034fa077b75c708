import { describe, expect, test } from "vitest";
import { memoryReplies } from "../src/store/memory/memory-replies.ts";
import { REPLY_FACTS } from "./_reply-facts.ts";
import { folder, openStore } from "./_sqlite-kit.ts";

describe("canned replies in memory", () => {
  test.each(REPLY_FACTS)("$name", ({ holds }) => holds(memoryReplies()));
});

describe("canned replies in SQLite", () => {
  test.each(REPLY_FACTS)("$name", async ({ holds }) => {
    await using place = await folder();
    await using store = await openStore(place.file);
    await holds(store.replies);
  });

  test("are there after a restart", async () => {
    await using place = await folder();
    const reply = { id: "a", title: "Hello", text: "Hi!", updatedMs: 7, updatedBy: "bob" };
    {
      await using store = await openStore(place.file);
      await store.replies.add(reply);
    }
    await using store = await openStore(place.file);
    expect(await store.replies.list()).toEqual([reply]);
  });
});
