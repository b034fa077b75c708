import { describe, test } from "vitest";
import { BEHIND_FACTS } from "./_behind-facts.ts";
import { ERASURE_FACTS, LOG_ERASURE_FACTS } from "./_erasure-facts.ts";
import { SHARE_FACTS } from "./_share-facts.ts";
import type { MongoStore } from "../src/store/mongo/mongo-store.ts";
import { KEY_STORE_FACTS } from "./_key-store-facts.ts";
import { LOG_FACTS } from "./_log-facts.ts";
import { REPLY_FACTS } from "./_reply-facts.ts";
import { MONGO_URI, oneByOne, openStore } from "./_mongo-kit.ts";
import { mongoDatabase } from "../src/testing/index.ts";
import { SESSION_FACTS } from "./_session-facts.ts";
import { OVERLAP_MS } from "../src/store/mongo/mongo-tail.ts";

const uri = MONGO_URI!;

describe.skipIf(MONGO_URI === undefined)("a message log in MongoDB", () => {
  test.each(LOG_FACTS)("$name", async ({ holds }) => {
    await using own = mongoDatabase(uri);
    const clock = { nowMs: 1_800_000_000_000 };
    await using store = openStore({ uri, database: own.name, wallClock: () => clock.nowMs });
    await holds(store.log, clock);
  });
});

/** FerretDB would look at all of them for each of them; `mongo-rows.test.ts` has the same, put there at once. */
const MANY = "totals are exact to 10,000";

describe.skipIf(MONGO_URI === undefined)("sessions in MongoDB", () => {
  test.each(SESSION_FACTS.filter(({ name }) => !name.startsWith(MANY)))(
    "$name",
    async ({ holds }) => {
      await using own = mongoDatabase(uri);
      await using store = openStore({ uri: oneByOne(uri), database: own.name });
      await holds(store.sessions);
    },
  );
});

describe.skipIf(MONGO_URI === undefined)("rows behind their logs in MongoDB", () => {
  test.each(BEHIND_FACTS)("$name", async ({ holds }) => {
    await using own = mongoDatabase(uri);
    const clock = { nowMs: 1_800_000_000_000 };
    const wallClock = () => clock.nowMs;
    await using store = openStore({ uri, database: own.name, wallClock });
    const settle = () => void (clock.nowMs += OVERLAP_MS);
    await holds({ ...store, settle });
  });
});

async function withStore(task: (store: MongoStore) => Promise<void>): Promise<void> {
  await using own = mongoDatabase(uri);
  await using store = openStore({ uri: oneByOne(uri), database: own.name });
  await task(store);
}

describe.skipIf(MONGO_URI === undefined)("what is shared and erased in MongoDB", () => {
  test.each(SHARE_FACTS)("$name", ({ holds }) => withStore(({ shareLinks }) => holds(shareLinks)));
  test.each(ERASURE_FACTS)("$name", ({ holds }) => withStore(({ erasures }) => holds(erasures)));
  test.each(LOG_ERASURE_FACTS)("$name", ({ holds }) =>
    withStore(({ log, logErasure }) => holds(Object.assign(log, logErasure))),
  );
});

describe.skipIf(MONGO_URI === undefined)("canned replies in MongoDB", () => {
  test.each(REPLY_FACTS)("$name", async ({ holds }) => {
    await using own = mongoDatabase(uri);
    await using store = openStore({ uri: oneByOne(uri), database: own.name });
    await holds(store.replies);
  });
});

describe.skipIf(MONGO_URI === undefined)("data keys in MongoDB", () => {
  test.each(KEY_STORE_FACTS)("$name", async ({ holds }) => {
    await using own = mongoDatabase(uri);
    await using store = openStore({ uri: oneByOne(uri), database: own.name });
    await holds(store.keys);
  });
});
