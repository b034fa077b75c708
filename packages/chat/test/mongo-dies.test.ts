import { freePort, recordingLog, Waiting } from "@warren/host/testing";
import { systemClock } from "@warren/host";
import { describe, expect, test } from "vitest";
import type { Draft, Entry } from "../src/log/entry.ts";
import type { MessageLog } from "../src/log/ports.ts";
import { HELPFUL } from "../src/store/mongo/indexes.ts";
import { ALICE, draft } from "./_log-facts.ts";
import { FERRETDB, openStore } from "./_mongo-kit.ts";
import { FerretDb } from "../src/testing/index.ts";
import { refusal } from "./_session-kit.ts";

/** Opens again at once, so that a test does not wait for it. */
const breaker = { failures: 5, openMs: 50 };
const database = "chat";

/** Sends it until it is acknowledged, as a client does. */
async function persistently(log: MessageLog, said: Draft): Promise<Entry> {
  for (;;) {
    try {
      const accepted = await log.append(said);
      if ("entry" in accepted) return accepted.entry;
      throw new TypeError(`refused: ${accepted.outcome}`);
    } catch (error) {
      if (error instanceof TypeError) throw error;
      await new Promise<void>((resolve) => void systemClock.after(20, resolve));
    }
  }
}

describe.skipIf(FERRETDB === undefined)("MongoDB that is killed", () => {
  test("has all that it acknowledged when it is back, and nothing twice", async () => {
    await using server = await FerretDb.start(FERRETDB!);
    await using store = openStore({ uri: server.uri, database, breaker });
    const writers = Array.from({ length: 4 }, (_, writer) => `user:w${writer}`);
    const acknowledged: Entry[] = [];
    const changes = new Waiting();
    const write = async (author: string) => {
      for (let at = 0; at < 30; at += 1) {
        acknowledged.push(await persistently(store.log, draft({ id: `${author} ${at}`, author })));
        changes.look();
      }
    };
    const writing = Promise.all(writers.map(write));
    await changes.until(() => acknowledged.length >= 30);
    for (let round = 0; round < 3; round += 1) {
      await server.kill();
      const before = acknowledged.length;
      await server.run();
      await changes.until(() => acknowledged.length >= Math.min(before + 5, 120));
    }
    await writing;
    const all = await store.log.after(ALICE, {}, 1_000);
    expect(all.map(({ number }) => number)).toEqual(all.map((_, at) => at + 1));
    expect(all).toHaveLength(120);
    const byNumber = acknowledged.toSorted((a, b) => a.number - b.number);
    expect(byNumber).toEqual(all);
  }, 180_000);

  test("refuses what is sent meanwhile as retryable, and pretends nothing", async () => {
    await using server = await FerretDb.start(FERRETDB!);
    await using store = openStore({ uri: server.uri, database, breaker });
    await store.log.append(draft({ id: "before" }));
    await server.kill();
    const calls = [
      store.log.append(draft({ id: "meanwhile" })),
      store.log.heads(ALICE),
      store.log.tail(undefined, 1).then(({ cursor }) => store.log.tail(cursor, 1)),
      store.sessions.find("a".repeat(32)),
      store.keys.get("alice", "s"),
      store.check(),
    ];
    const codes = await Promise.all(calls.map(refusal));
    expect(new Set(codes)).toEqual(new Set(["DATABASE_ERROR"]));
  }, 180_000);
});

describe.skipIf(FERRETDB === undefined)("MongoDB that is away at the start", () => {
  test("is used once it is there, with the indexes that nothing is acknowledged without", async () => {
    const log = recordingLog();
    const port = await freePort();
    const uri = `mongodb://127.0.0.1:${port}/`;
    await using store = openStore({ uri, database, breaker, log });
    expect(await refusal(store.log.append(draft({ id: "early" })))).toBe("DATABASE_ERROR");
    expect(await refusal(store.check())).toBe("DATABASE_ERROR");
    await log.line(({ level }) => level === "warn");
    await using server = await FerretDb.start(FERRETDB!, `127.0.0.1:${port}`);
    expect(server.uri).toBe(uri);
    const entry = await persistently(store.log, draft({ id: "early" }));
    expect(entry.number).toBe(1);
    const made = await log.line(({ msg }) => msg === "MongoDB indexes created successfully");
    expect(made.fields["indexes"]).toEqual(HELPFUL.map(({ name }) => name));
    expect(log.lines.filter(({ msg }) => msg.includes("not there yet"))).toHaveLength(1);
  }, 180_000);
});
