import type { PrivateRedis } from "@warren/host/testing";
import { expect, test } from "vitest";
import { KEYS } from "../src/registry/redis/keys.ts";
import { clusterRedis, eventually, HAS_REDIS } from "./_redis-kit.ts";
import { open, ready } from "./_redis-registry.ts";
import { found } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

const HOST = "moving.test";
const KEY = KEYS.place(HOST);

/** Moves the slot of `KEY` from one master to another, a step at a time as redis-cli does. */
async function moving(servers: readonly PrivateRedis[]) {
  const slot = String(await servers[0]!.command("CLUSTER", "KEYSLOT", KEY));
  const from = servers[Math.min(2, Math.floor(Number(slot) / 5461))]!;
  const to = servers.find((server) => server !== from)!;
  const ids = await Promise.all([from, to].map((one) => one.command("CLUSTER", "MYID")));
  const [fromId, toId] = ids.map(String) as [string, string];
  const set = (server: PrivateRedis, ...words: string[]) =>
    server.command("CLUSTER", "SETSLOT", slot, ...words);
  return {
    async begin() {
      await set(to, "IMPORTING", fromId);
      await set(from, "MIGRATING", toId);
    },
    keys: () => from.command("MIGRATE", "127.0.0.1", String(to.port), KEY, "0", "5000"),
    async end() {
      for (const server of [to, from]) await set(server, "NODE", toId);
      await Promise.all(servers.map((server) => set(server, "NODE", toId)));
    },
  };
}

test.skipIf(!HAS_REDIS)(
  "a slot of a Redis Cluster that moves under the registry stops nothing and loses nothing",
  async () => {
    await using backend = await clusterRedis();
    const [here, there] = [open(backend, { ttlMs: 300_000 }), open(backend, { ttlMs: 300_000 })];
    await Promise.all([ready(here), ready(there)]);
    const publish = async (service: string) => {
      const verdict = await here.apply(change({ routes: [route({ host: HOST, service })] }));
      expect(verdict.rejected).toEqual([]);
      await eventually(async () => String(await found(there, HOST)) === `c1/${service}`);
    };
    const slot = await moving(backend.servers);
    await publish("before");
    await slot.begin();
    await publish("while-it-stays");
    await slot.keys();
    // Asked for at the old master, which sends to the new one for this once (ASK).
    await publish("while-it-moves");
    expect(await here.renew("c1")).toBe(1);
    await slot.end();
    // From now on always (MOVED).
    await publish("moved");
    expect(await here.release(HOST)).toBe(true);
    await eventually(async () => (await found(there, HOST)) === "no_route");
    await Promise.all([here, there].map((one) => one[Symbol.asyncDispose]()));
  },
  60_000,
);
