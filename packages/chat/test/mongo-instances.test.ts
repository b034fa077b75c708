import { describe, expect, test } from "vitest";
import type { Accepted } from "../src/log/accept.ts";
import type { MessageLog } from "../src/log/ports.ts";
import { ALICE, BOB, control, draft, stored } from "./_log-facts.ts";
import { logsOf, MONGO_URI, openStore } from "./_mongo-kit.ts";
import { mongoDatabase } from "../src/testing/index.ts";

const uri = MONGO_URI!;
const outcomes = (all: readonly Accepted[]) => all.map(({ outcome }) => outcome);
const counted = (all: readonly Accepted[], outcome: Accepted["outcome"]) =>
  outcomes(all).filter((one) => one === outcome).length;

interface Fact {
  readonly name: string;
  readonly holds: (one: MessageLog, other: MessageLog) => Promise<void>;
}

/** What holds of two instances of one cluster, which number under one origin. */
const FACTS: readonly Fact[] = [
  {
    name: "numbers are dense and given once, and all see the same",
    async holds(one, other) {
      const said = Array.from({ length: 40 }, (_, at) => draft({ id: `m${at}` }));
      const logs = [one, other];
      const accepted = await Promise.all(said.map((next, at) => logs[at % 2]!.append(next)));
      expect(counted(accepted, "stored")).toBe(40);
      const all = await one.after(ALICE, {}, 100);
      expect(all.map(({ number }) => number)).toEqual(said.map((_, at) => at + 1));
      expect(new Set(all.map(({ clientMessageId }) => clientMessageId)).size).toBe(40);
      expect(await other.after(ALICE, {}, 100)).toEqual(all);
      const times = all.map(({ hlc }) => hlc);
      expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
    },
  },
  {
    name: "the same said through both at once is one entry",
    async holds(one, other) {
      for (let round = 0; round < 10; round += 1) {
        const again = draft({ id: `a${round}` });
        const accepted = await Promise.all([one, other, one].map((log) => log.append(again)));
        expect(outcomes(accepted).toSorted()).toEqual(["existing", "existing", "stored"]);
        const entries = accepted.map((each) => ("entry" in each ? each.entry : undefined));
        expect(new Set(entries.map((entry) => entry?.number))).toEqual(new Set([round + 1]));
      }
    },
  },
  {
    name: "one of those who take control through either gets it",
    async holds(one, other) {
      const admins = ["ann", "ben", "cat", "dan", "eve", "fay"];
      const logs = [one, other];
      const accepted = await Promise.all(
        admins.map((admin, at) => logs[at % 2]!.append(control(admin, 0))),
      );
      expect(counted(accepted, "stored")).toBe(1);
      expect(counted(accepted, "fenced")).toBe(5);
      expect((await one.heads(ALICE)).controlEpoch).toBe(1);
    },
  },
  {
    name: "an answer that races with a takeover elsewhere comes before it, or not at all",
    async holds(one, other) {
      for (let round = 0; round < 10; round += 1) {
        const key = { userId: "alice", sessionId: round.toString(16).padStart(32, "0") };
        const take = { ...control("ann", 0), ...key };
        const answer = draft({ id: "answer", author: "bot:demo", fence: 0, ...key });
        const [taken, answered] = await Promise.all([one.append(take), other.append(answer)]);
        expect(taken.outcome).toBe("stored");
        const order = (await one.after(key, {}, 10)).map(({ author }) => author);
        const isBefore = answered.outcome === "stored";
        expect(order).toEqual(isBefore ? ["bot:demo", "admin:ann"] : ["admin:ann"]);
      }
    },
  },
  {
    name: "nothing is said after an end that another instance wrote",
    async holds(one, other) {
      const end = draft({ id: "end", kind: "ended", body: JSON.stringify({ by: "user:alice" }) });
      const said = Array.from({ length: 10 }, (_, at) => draft({ id: `m${at}` }));
      await Promise.all([one.append(end), ...said.map((next) => other.append(next))]);
      const all = await other.after(ALICE, {}, 100);
      expect(all.at(-1)?.kind).toBe("ended");
      expect(await other.append(draft({ id: "late" }))).toEqual({ outcome: "closed" });
    },
  },
  {
    name: "who follows one hears what was said through the other, and hears it once",
    async holds(one, other) {
      let { cursor } = await one.tail(undefined, 10);
      const heard: string[] = [];
      for (const id of ["a", "b", "c"]) {
        await stored(other, draft({ id }));
        await stored(one, draft({ id: `${id}2`, ...BOB, author: "user:bob" }));
        const next = await one.tail(cursor, 10);
        heard.push(...next.entries.map(({ clientMessageId }) => clientMessageId));
        ({ cursor } = next);
      }
      expect(heard).toEqual(["a", "a2", "b", "b2", "c", "c2"]);
    },
  },
];

describe.skipIf(MONGO_URI === undefined)("two instances on one MongoDB", () => {
  test.each(FACTS)("$name", async ({ holds }) => {
    await using own = mongoDatabase(uri);
    await using one = openStore({ uri, database: own.name });
    await using other = openStore({ uri, database: own.name });
    await holds(one.log, other.log);
  });

  test("twenty who write into one session at once are all served, one after another", async () => {
    await using own = mongoDatabase(uri);
    await using instances = logsOf(uri, own.name, 20);
    const first = instances.logs[0]!;
    await first.append(draft({ id: "first" }));
    const accepted = await Promise.all(
      instances.logs.map((log, at) => log.append(draft({ id: `m${at}` }))),
    );
    expect(counted(accepted, "stored")).toBe(20);
    expect((await first.heads(ALICE)).number).toBe(21);
  }, 180_000);

  test("what two origins have is one log, in one order", async () => {
    await using own = mongoDatabase(uri);
    await using home = openStore({ uri, database: own.name });
    await using away = openStore({ uri, database: own.name, origin: "away:1" });
    const first = await stored(home.log, draft({ id: "a" }));
    const second = await stored(away.log, draft({ id: "b" }));
    const third = await stored(home.log, draft({ id: "c" }));
    expect([first, second, third].map(({ number }) => number)).toEqual([1, 1, 2]);
    expect(third.hlc).toBeGreaterThan(second.hlc);
    expect(await home.log.after(ALICE, {}, 10)).toEqual([first, second, third]);
    expect(await home.log.after(ALICE, { "home:1": 1 }, 10)).toEqual([second, third]);
    const { entries, older } = await home.log.latest(ALICE, undefined, 2);
    expect(entries).toEqual([second, third]);
    expect(older).toEqual({ "home:1": 1 });
    expect((await away.log.append(draft({ id: "a" }))).outcome).toBe("existing");
  });
});
