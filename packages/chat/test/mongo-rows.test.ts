import { MongoClient } from "mongodb";
import { describe, expect, test } from "vitest";
import { hourOf } from "../src/sessions/hours.ts";
import type { MarkDocument } from "../src/store/mongo/mongo-behind.ts";
import type { HourDocument } from "../src/store/mongo/mongo-hours.ts";
import { SETTLED_MS } from "../src/store/mongo/mongo-hours.ts";
import { documentOfRow, type SessionDocument } from "../src/store/mongo/session-document.ts";
import { draft, stored } from "./_log-facts.ts";
import { MONGO_URI, oneByOne, openStore } from "./_mongo-kit.ts";
import { mongoDatabase } from "../src/testing/index.ts";
import { row } from "./_row-kit.ts";
import { HOUR, idOf, NOON, numbers, query } from "./_session-kit.ts";

const uri = MONGO_URI!;

describe.skipIf(MONGO_URI === undefined)("sessions' rows in MongoDB", () => {
  test("are counted to 10,000, reached by offset as far, and beyond by cursor", async () => {
    await using own = mongoDatabase(uri);
    await using client = new MongoClient(uri);
    const sessions = client.db(own.name).collection<SessionDocument>("sessions");
    const rows = Array.from({ length: 10_003 }, (_, at) =>
      documentOfRow(row({ sessionId: idOf(at), startMs: at })),
    );
    await sessions.insertMany(rows);
    // Over many connections: of 10,000 rows none waits 2 s for another read's.
    await using store = openStore({ uri, database: own.name });
    const { sessions: asked } = store;
    const far = await asked.list(query({ from: { offset: 10_000 }, limit: 2 }));
    expect(far).toMatchObject({ total: 10_000, isCapped: true });
    expect(numbers(far)).toEqual([10_000, 10_001]);
    const last = await asked.list(query({ limit: 2, from: { cursor: far.next! } }));
    expect(numbers(last)).toEqual([10_002]);
  }, 180_000);

  test("have their sums kept once nobody writes into the hour, and made again when somebody did", async () => {
    await using own = mongoDatabase(uri);
    await using client = new MongoClient(uri);
    const clock = { nowMs: NOON + HOUR };
    const wallClock = () => clock.nowMs;
    await using store = openStore({ uri: oneByOne(uri), database: own.name, wallClock });
    const hours = client.db(own.name).collection<HourDocument>("session_hours");
    const isFresh = async () => (await hours.findOne({ _id: hourOf(NOON) }))?.is_fresh;
    const tokens = async () => (await store.sessions.metrics(NOON, NOON + 2 * HOUR)).totalTokens;
    const one = row({ sessionId: idOf(1), startMs: NOON, totalTokens: 5 });
    await store.sessions.fold(one, undefined);
    expect([await tokens(), await isFresh()]).toEqual([5, false]);
    clock.nowMs += SETTLED_MS;
    expect([await tokens(), await isFresh()]).toEqual([5, true]);
    // What is kept is what is answered: rows are not read again.
    await hours.updateOne({ _id: hourOf(NOON) }, { $set: { "sums.tokens": 77 } });
    expect(await tokens()).toBe(77);
    await using other = openStore({ uri: oneByOne(uri), database: own.name, wallClock });
    const more = { ...one, versions: { "home:1": 2 }, totalTokens: 6 };
    expect(await other.sessions.fold(more, one.versions)).toBe(true);
    expect([await tokens(), await isFresh()]).toEqual([6, false]);
  });

  test("are summed right after a process died between the mark of an hour and its row", async () => {
    await using own = mongoDatabase(uri);
    await using client = new MongoClient(uri);
    const clock = { nowMs: NOON + HOUR };
    const wallClock = () => clock.nowMs;
    await using store = openStore({ uri: oneByOne(uri), database: own.name, wallClock });
    const hours = client.db(own.name).collection<HourDocument>("session_hours");
    await hours.insertOne({
      _id: hourOf(NOON),
      marked_at: new Date(clock.nowMs),
      is_fresh: false,
    });
    const sessions = async () => (await store.sessions.metrics(NOON, NOON + HOUR)).totalSessions;
    expect(await sessions()).toBe(0);
    const late = documentOfRow(row({ sessionId: idOf(1), startMs: NOON }));
    await client.db(own.name).collection<SessionDocument>("sessions").insertOne(late);
    expect(await sessions()).toBe(1);
  });
});

test.skipIf(MONGO_URI === undefined)(
  "a database of a newer program is not written to",
  async () => {
    await using own = mongoDatabase(uri);
    await using client = new MongoClient(uri);
    const marks = client.db(own.name).collection<MarkDocument>("marks");
    await marks.insertOne({ _id: "schema", position: 99 });
    await using store = openStore({ uri, database: own.name });
    await expect(store.log.append(draft({ id: "a" }))).rejects.toThrow(/has version 99/);
    expect(await client.db(own.name).collection("log").countDocuments()).toBe(0);
  },
);

describe.skipIf(MONGO_URI === undefined)("the tail of a log in MongoDB", () => {
  test("has what an instance wrote whose clock is 5 s behind, and what took 10 s to write", async () => {
    await using own = mongoDatabase(uri);
    const clock = { nowMs: NOON };
    await using store = openStore({ uri, database: own.name, wallClock: () => clock.nowMs });
    await using slow = openStore({ uri, database: own.name, wallClock: () => NOON - 15_000 });
    let { cursor } = await store.log.tail(undefined, 10);
    for (const id of ["a", "b", "c"]) {
      await stored(slow.log, draft({ id }));
      const next = await store.log.tail(cursor, 10);
      expect(next.entries.map(({ clientMessageId }) => clientMessageId)).toEqual([id]);
      ({ cursor } = next);
    }
  });

  test("gives an answer again that was lost on its way, and to another reader all of its own", async () => {
    await using own = mongoDatabase(uri);
    await using store = openStore({ uri, database: own.name });
    const [one, other] = [await store.log.tail(undefined, 10), await store.log.tail(undefined, 10)];
    const entry = await stored(store.log, draft({ id: "a" }));
    const first = await store.log.tail(one.cursor, 10);
    expect(first.entries).toEqual([entry]);
    const again = await store.log.tail(one.cursor, 10);
    expect(again.entries).toEqual([entry]);
    expect((await store.log.tail(again.cursor, 10)).entries).toEqual([]);
    expect((await store.log.tail(other.cursor, 10)).entries).toEqual([entry]);
  });

  test("begins anew for a cursor of another store", async () => {
    await using own = mongoDatabase(uri);
    await using store = openStore({ uri, database: own.name });
    for (const cursor of ["12", "not json", "[]"]) {
      const { cursor: fresh } = await store.log.tail(cursor, 10);
      expect((await store.log.tail(fresh, 10)).entries).toEqual([]);
    }
  });
});
