import { afterAll, beforeAll, describe, test } from "vitest";
import { BORROWED_FACTS } from "./_borrowed-facts.ts";
import { DIRECTORY_FACTS } from "./_directory-facts.ts";
import {
  clusterRedis,
  eventually,
  HAS_CLUSTER,
  HAS_SINGLE,
  singleRedis,
  type RedisBackend,
} from "./_redis-kit.ts";
import { open, ready, TTL_MS } from "./_redis-registry.ts";
import { FACT_QUOTAS, QUOTA_FACTS } from "./_quota-facts.ts";
import { SPARE_FACTS } from "./_spare-facts.ts";
import { PLACE_FACTS } from "./_place-facts.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { ROUTE_FACTS, type World } from "./_registry-facts.ts";

async function worldOn(
  backend: RedisBackend,
  quotas = NO_QUOTAS,
): Promise<World & AsyncDisposable> {
  await backend.flush();
  const pair = [open(backend, { quotas }), open(backend, { quotas })] as const;
  await Promise.all(pair.map(ready));
  return {
    gateways: pair,
    until: (seen) => eventually(seen),
    async pass(ttls, meanwhile) {
      const started = performance.now();
      await eventually(
        async () => {
          await meanwhile();
          return performance.now() - started > ttls * TTL_MS;
        },
        { everyMs: TTL_MS / 10 },
      );
    },
    async [Symbol.asyncDispose]() {
      for (const registry of pair) await registry[Symbol.asyncDispose]();
    },
  };
}

const BACKENDS = [
  { name: "one Redis", there: HAS_SINGLE, start: singleRedis },
  { name: "a Redis Cluster", there: HAS_CLUSTER, start: clusterRedis },
];

describe.each(BACKENDS)("the registry on $name", ({ there, start }) => {
  let backend: RedisBackend;
  beforeAll(async () => {
    if (there) backend = await start();
  });
  afterAll(() => backend?.[Symbol.asyncDispose]());

  test.skipIf(!there).each([...ROUTE_FACTS, ...PLACE_FACTS, ...BORROWED_FACTS, ...DIRECTORY_FACTS])(
    "$name",
    async ({ holds }) => {
      await using world = await worldOn(backend);
      await holds(world);
    },
  );

  test.skipIf(!there).each([...QUOTA_FACTS, ...SPARE_FACTS])("$name", async ({ holds }) => {
    await using world = await worldOn(backend, FACT_QUOTAS);
    await holds(world);
  });
});
