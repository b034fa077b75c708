// What is asked of MongoDB and done, while the answer is lost, is not done twice and not told otherwise.
import { describe, expect, test } from "vitest";
import { COLLECTIONS } from "../src/store/mongo/indexes.ts";
import type { MongoStore } from "../src/store/mongo/mongo-store.ts";
import { mongoDatabase } from "../src/testing/index.ts";
import { LEASE_FACTS } from "./_lease-facts.ts";
import { ALICE, draft, LOG_FACTS } from "./_log-facts.ts";
import { lossyMongo } from "./_lossy-mongo.ts";
import { MONGO_URI, oneByOne, openStore } from "./_mongo-kit.ts";
import { ROW_FACTS } from "./_session-row-facts.ts";
import { link } from "./_share-facts.ts";

interface Fact<T> {
  readonly name: string;
  readonly holds: (of: T, clock: { nowMs: number }) => Promise<void>;
}

/** More than one try writes: what is tried again comes through. */
const EVERY = 7;

/** Of every seventh write the answer is lost. */
async function holdsAllTheSame<T>(of: (store: MongoStore) => T, { holds }: Fact<T>): Promise<void> {
  await using own = mongoDatabase(MONGO_URI!);
  await using line = await lossyMongo(MONGO_URI!, (_, nth) => nth % EVERY === 0);
  const clock = { nowMs: 1_800_000_000_000 };
  await using store = openStore({
    uri: oneByOne(line.uri),
    database: own.name,
    wallClock: () => clock.nowMs,
    breaker: { failures: 1_000, openMs: 50 },
  });
  await holds(of(store), clock);
}

function isLossy<T>(name: string, facts: readonly Fact<T>[], of: (store: MongoStore) => T): void {
  describe.skipIf(MONGO_URI === undefined)(`where answers are lost, ${name}`, () => {
    test.each(facts)("$name", (fact) => holdsAllTheSame(of, fact), 60_000);
  });
}

isLossy("the log", LOG_FACTS, ({ log }) => log);
isLossy("rows", ROW_FACTS, ({ sessions }) => sessions);
// Of many who want the same at once, each may have done it whose answer was lost: they are told so.
isLossy(
  "leases",
  LEASE_FACTS.filter(({ name }) => !name.startsWith("of many")),
  ({ leases }) => leases,
);

describe.skipIf(MONGO_URI === undefined)("an insert whose answer is lost", () => {
  test("is acknowledged as what it is, once, and is what its sender finds who sends it again", async () => {
    await losesFirst(COLLECTIONS.log, async ({ through, beside }) => {
      const accepted = await through.log.append(draft({ id: "a" }));
      expect(accepted.outcome).toBe("stored");
      const again = await beside.log.append(draft({ id: "a" }));
      expect(again).toEqual({ ...accepted, outcome: "existing" });
      expect(await beside.log.after(ALICE, {}, 10)).toHaveLength(1);
    });
  }, 60_000);
});

/** Through the line the first answer about a collection is lost; beside it all goes well. */
async function losesFirst(
  into: string,
  task: (all: { through: MongoStore; beside: MongoStore }) => Promise<void>,
) {
  await using own = mongoDatabase(MONGO_URI!);
  await using line = await lossyMongo(
    MONGO_URI!,
    (collection) => collection === into && line.lost() === 0,
  );
  await using through = openStore({ uri: line.uri, database: own.name });
  await using beside = openStore({ uri: MONGO_URI!, database: own.name });
  await beside.check();
  await task({ through, beside });
  expect(line.lost()).toBe(1);
}

describe.skipIf(MONGO_URI === undefined)("a removal whose answer is lost", () => {
  test("of a canned reply was one", async () => {
    await losesFirst(COLLECTIONS.replies, async ({ through, beside }) => {
      const reply = { id: "r", title: "t", text: "x", updatedMs: 1, updatedBy: "ann" };
      await beside.replies.add(reply);
      expect(await through.replies.remove("r")).toBe(true);
      expect(await through.replies.remove("r")).toBe(false);
    });
  }, 60_000);

  test("of share links that have expired is counted", async () => {
    await losesFirst(COLLECTIONS.shares, async ({ through, beside }) => {
      for (const id of ["a", "b", "c"]) await beside.shareLinks.putIfAbsent(link(id));
      expect(await through.shareLinks.removeExpired(10_000, 2)).toBe(2);
      expect(await through.shareLinks.removeExpired(10_000, 2)).toBe(1);
    });
  }, 60_000);
});
