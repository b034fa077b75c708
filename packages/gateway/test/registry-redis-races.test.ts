import { setTimeout as later } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Registry } from "../src/ports.ts";
import { eventually, HAS_REDIS, singleRedis } from "./_redis-kit.ts";
import { open, ready } from "./_redis-registry.ts";
import { found } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

const CLUSTERS = ["c1", "c2", "c3"];
const REVISIONS = 6;
const ROUNDS = 8;
/** Longer than a copy counts as fresh, much shorter than routes live. */
const WITHIN_MS = 45_000;

/** A moment of chance, so that what runs at once meets at ever other places. */
const moment = () => later(Math.random() * 8);
const some = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)]!;

/** Each cluster's snapshots, in any order through either gateway; who has which host in the last. */
async function publishAtOnce(gateways: readonly Registry[], hosts: readonly string[]) {
  const want = new Map<string, string[]>(hosts.map((host) => [host, []]));
  const all = CLUSTERS.flatMap((clusterUuid) =>
    Array.from({ length: REVISIONS }, async (_, at) => {
      const revision = at + 1;
      const mine = hosts.filter(() => Math.random() < 0.5);
      const routes = mine.map((host) => route({ host, service: `s${revision}` }));
      if (revision === REVISIONS)
        for (const host of mine) want.get(host)!.push(`${clusterUuid}/s${revision}`);
      await moment();
      const snapshot = change({ clusterUuid, group: "g", revision, routes });
      const gateway = some(gateways);
      // As agents do: what had to wait for the registry is said again.
      while ((await gateway.apply(snapshot)).rejected.some(({ code }) => code === "overloaded"))
        await moment();
    }),
  );
  await Promise.all(all);
  return want;
}

async function served(gateway: Registry, host: string): Promise<string> {
  const services = await found(gateway, host);
  return Array.isArray(services) ? String(services.toSorted()) : "";
}

test.skipIf(!HAS_REDIS).each([
  { name: "through either of two gateways", flushed: false },
  { name: "while Redis is flushed", flushed: true },
])(
  "of snapshots that come at once, $name, the newest counts everywhere and nothing of an older one",
  async ({ flushed }) => {
    await using backend = await singleRedis();
    for (let round = 0; round < ROUNDS; round++) {
      const settings = { ttlMs: 300_000, directoryTtlMs: 30_000 };
      const gateways = [open(backend, settings), open(backend, settings)];
      await Promise.all(gateways.map(ready));
      const hosts = ["a", "b", "c", "d"].map((name) => `${name}${round}.test`);
      const published = publishAtOnce(gateways, hosts);
      if (flushed) await moment().then(() => backend.flush());
      const want = new Map(
        [...(await published)].map(([host, services]) => [host, String(services.toSorted())]),
      );
      for (const [host, services] of want)
        for (const gateway of gateways)
          await eventually(async () => (await served(gateway, host)) === services, {
            withinMs: WITHIN_MS,
          }).catch(async () => {
            expect(await served(gateway, host), host).toBe(services);
          });
      expect(want.size).toBe(hosts.length);
      await Promise.all(gateways.map((one) => one[Symbol.asyncDispose]()));
    }
  },
  120_000,
);
