import { systemClock } from "@warren/host";
import type { Route } from "@warren/wire";
import { expect, test } from "vitest";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { ClusterIndex } from "../src/registry/redis/cluster-index.ts";
import { KEYS } from "../src/registry/redis/keys.ts";
import { RegistryLink } from "../src/registry/redis/registry-link.ts";
import { eventually, HAS_REDIS, HAS_SINGLE, singleRedis } from "./_redis-kit.ts";
import { open, ready } from "./_redis-registry.ts";
import { found } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

const message = (revision: number, routes: Route[] = []) =>
  change({ clusterUuid: "c1", group: "g", revision, routes });

/** The places that a cluster's index names after these steps. */
async function named(steps: (index: ClusterIndex) => Promise<void>): Promise<string[]> {
  await using backend = await singleRedis();
  await backend.flush();
  const options = { place: backend.place, clock: systemClock, random: Math.random };
  await using link = new RegistryLink({ ...options, failed: () => {}, answered: () => {} });
  const connected = new Promise<void>((resolve) => {
    link.start({ channel: "c", heard: () => {}, connected: resolve });
  });
  await connected;
  const index = new ClusterIndex({ link, quotas: NO_QUOTAS, ttlMs: 60_000, writeMs: 5_000 });
  await steps(index);
  return [...(await index.counts("c1")).keys()].toSorted();
}

test.skipIf(!HAS_SINGLE).each([
  {
    name: "a place that the message in force found empty is left out",
    steps: async (index: ClusterIndex) => {
      await index.admit(message(1), []);
      await index.note(message(1), [
        ["a.test", 1],
        ["b.test", 0],
      ]);
      await index.admit(message(2), []);
      await index.note(message(2), [["a.test", 0]]);
    },
    want: [],
  },
  {
    name: "a place that an older message found empty stays: the newer one may have routes there",
    steps: async (index: ClusterIndex) => {
      await index.admit(message(1), []);
      await index.admit(message(2), []);
      await index.note(message(2), [["a.test", 1]]);
      await index.note(message(1), [["a.test", 0]]);
    },
    want: ["a.test"],
  },
  {
    name: "the same after Redis was flushed in between",
    steps: async (index: ClusterIndex) => {
      await index.note(message(2), [["a.test", 1]]);
      await index.note(message(1), [["a.test", 0]]);
    },
    want: ["a.test"],
  },
  {
    name: "the same when the older one was admitted again after the flush",
    steps: async (index: ClusterIndex) => {
      await index.admit(message(1), []);
      await index.note(message(1), [["a.test", 1]]);
      await index.note(message(2), [["a.test", 1]]);
      await index.note(message(1), [["a.test", 1]]);
      await index.note(message(1), [["a.test", 0]]);
    },
    want: ["a.test"],
  },
])("$name", async ({ steps, want }) => {
  expect(await named(steps)).toEqual(want);
});

test.skipIf(!HAS_REDIS)(
  "an older snapshot that a flush let in hides nothing of a newer one from the newest",
  async () => {
    await using backend = await singleRedis();
    await using one = open(backend, { ttlMs: 300_000 });
    await using other = open(backend, { ttlMs: 300_000 });
    await Promise.all([one, other].map(ready));
    await one.apply(message(5, [route({ host: "a.test" })]));
    // What a flush between the admission of 5 and its writes leaves behind.
    await backend.servers[0]!.command("HDEL", KEYS.cluster("c1"), "revision", "sync");
    expect(await other.apply(message(3))).toMatchObject({ revision: 3 });
    await other.apply(message(6));

    await eventually(async () => (await found(other, "a.test")) === "no_route");
    expect(await found(other, "a.test")).toBe("no_route");
  },
);
