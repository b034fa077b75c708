/** Which routes have room: the registry in Redis decides in Lua what the one in memory decides. */
import { virtualClock } from "@warren/host/testing";
import { EVERYBODY } from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RouteVerdict } from "../src/ports.ts";
import { memoryRegistry } from "../src/registry/memory.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { HAS_SINGLE, singleRedis } from "./_redis-kit.ts";
import { open, ready } from "./_redis-registry.ts";
import { change, route } from "./_routes-kit.ts";

const TTL_MS = 60_000;
const quotas = { ...NO_QUOTAS, clusterRoutes: 3, clusterBytes: 2_000 };

const offered = fc
  .record({
    path: fc.integer({ min: 0, max: 2 }).map((number) => `/${number}`),
    namespace: fc.constantFrom("a", "b", "c"),
    age: fc.integer({ min: 1, max: 3 }),
    note: fc.integer({ min: 0, max: 300 }).map((length) => "x".repeat(length)),
    isShut: fc.boolean(),
  })
  .map(({ path, note, isShut, ...rest }) => {
    const policy = isShut ? { deny: [...EVERYBODY] } : {};
    return route({ host: "a.test", path, annotations: { note }, policy, ...rest });
  });
const said = fc.record({
  action: fc.constantFrom("sync", "sync", "add", "delete"),
  routes: fc.array(offered, { maxLength: 12 }),
});

const judged = ({ accepted, rejected }: RouteVerdict) => ({
  accepted,
  rejected: rejected.map(({ path, code }) => `${path} ${code}`).toSorted(),
});

test.skipIf(!HAS_SINGLE)(
  "whatever is said, the same have room in Redis and in memory",
  async () => {
    await using backend = await singleRedis();
    await using shared = open(backend, { quotas, ttlMs: TTL_MS });
    await ready(shared);
    const clock = virtualClock();
    await using own = memoryRegistry({
      clock,
      wallClock: () => 0,
      ttlMs: TTL_MS,
      ports: undefined,
      quotas,
      kept: undefined,
      keep: undefined,
    });
    let clusters = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(said, { minLength: 1, maxLength: 5 }), async (messages) => {
        const clusterUuid = `c${++clusters}`;
        for (const one of messages) {
          const message = change({ clusterUuid, group: "g", ...one });
          const [here, there] = [await shared.apply(message), await own.apply(message)];
          expect(judged(here)).toEqual(judged(there));
        }
        // The next cluster has the host to itself.
        await Promise.all(
          [shared, own].map((one) => one.apply(change({ clusterUuid, group: "g" }))),
        );
      }),
      { numRuns: 150 },
    );
  },
);
