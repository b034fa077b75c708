import { describe, expect, test } from "vitest";
import { MemorySessions } from "../src/store/memory/memory-sessions.ts";
import { row } from "./_row-kit.ts";
import { SESSION_FACTS } from "./_session-facts.ts";
import { idOf, numbers, query } from "./_session-kit.ts";
import { folder, openStore } from "./_sqlite-kit.ts";

describe("sessions in memory", () => {
  test.each(SESSION_FACTS)("$name", ({ holds }) => holds(new MemorySessions()));
});

describe("sessions in SQLite", () => {
  test.each(SESSION_FACTS)("$name", async ({ holds }) => {
    await using place = await folder();
    await using store = await openStore(place.file);
    await holds(store.sessions);
  });

  test("are there again when the file is opened again, in every list", async () => {
    await using place = await folder();
    // More than are loaded at once.
    const rows = Array.from({ length: 20_000 }, (_, at) =>
      row({ sessionId: idOf(at), userId: `user-${at % 5_000}`, startMs: 20_000 - at }),
    );
    {
      await using store = await openStore(place.file);
      await Promise.all(rows.map((one) => store.sessions.fold(one, undefined)));
    }
    await using store = await openStore(place.file);
    const late = row({ sessionId: idOf(20_000), userId: "user-17x", startMs: 0 });
    expect(await store.sessions.fold(late, undefined)).toBe(true);
    await store.sessions.forget(rows[3]!);
    expect(numbers(await store.sessions.list(query({ limit: 3 })))).toEqual([
      20_000, 19_999, 19_998,
    ]);
    const last = await store.sessions.list(query({ descending: true, limit: 4 }));
    expect(numbers(last)).toEqual([0, 1, 2, 4]);
    const users = await store.sessions.list(query({ sortBy: "user_id", limit: 1_000 }));
    const names = users.rows.map(({ userId }) => userId);
    expect(names).toEqual(names.toSorted());
    const others = rows.map(({ userId }) => userId).filter((name) => name < late.userId);
    const from = { offset: others.length - 1 };
    const near = await store.sessions.list(query({ sortBy: "user_id", limit: 2, from }));
    expect(near.rows.map(({ userId }) => userId)).toEqual(["user-1799", "user-17x"]);
    expect((await store.sessions.list(query({ userId: "user-3" }))).total).toBe(3);
  });
});
