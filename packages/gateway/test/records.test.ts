/** One table of facts for records in memory, in a folder, and in Redis. */
import { mkdtempDisposableSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@warren/host";
import * as v from "valibot";
import { afterAll, describe, expect, test } from "vitest";
import { folderRecords } from "../src/records/folder-records.ts";
import { memoryRecords } from "../src/records/memory-records.ts";
import type { RecordStore } from "../src/records/records.ts";
import { redisRecords } from "../src/records/redis-records.ts";
import { Sealer } from "../src/records/seal.ts";
import { clusterRedis, eventually, HAS_CLUSTER, HAS_SINGLE, singleRedis } from "./_redis-kit.ts";
import type { RedisBackend } from "./_redis-kit.ts";

const owned = new AsyncDisposableStack();
afterAll(() => owned.disposeAsync());
const folder = owned.adopt(mkdtempDisposableSync(join(tmpdir(), "warren-records-")), (f) =>
  f.remove(),
).path;
const keyFile = join(folder, "key");
writeFileSync(keyFile, "a key of thirty-two bytes or more, as text\n");
const otherKeyFile = join(folder, "other-key");
writeFileSync(otherKeyFile, "another key of thirty-two bytes or more\n");

const COLOUR = {
  name: "colour",
  schema: v.object({ colour: v.string() }),
  listed: true,
  secret: true,
};
const later = () => Date.now() + 60_000;
const backends = new Map<string, Promise<RedisBackend>>();
let opened = 0;

function backend(kind: string): Promise<RedisBackend> {
  const known = backends.get(kind);
  if (known !== undefined) return known;
  const fresh = (kind === "Redis" ? singleRedis() : clusterRedis()).then((one) => owned.use(one));
  backends.set(kind, fresh);
  return fresh;
}

async function onRedis(kind: string, key = keyFile): Promise<RecordStore> {
  const { place } = await backend(kind);
  const store = redisRecords({
    place,
    sealer: await Sealer.open(key),
    clock: systemClock,
    random: Math.random,
    failed: () => {},
    answered: () => {},
  });
  owned.use(store);
  const look = store.records(COLOUR);
  await eventually(async () =>
    look.list().then(
      () => true,
      () => false,
    ),
  );
  return store;
}

const STORES: { name: string; skip: boolean; open: () => Promise<RecordStore> }[] = [
  { name: "memory", skip: false, open: async () => memoryRecords({ wallClock: Date.now }) },
  {
    name: "a folder",
    skip: false,
    open: async () =>
      folderRecords({ folder: join(folder, `store-${++opened}`), wallClock: Date.now }),
  },
  { name: "Redis", skip: !HAS_SINGLE, open: () => onRedis("Redis") },
  { name: "a Redis Cluster", skip: !HAS_CLUSTER, open: () => onRedis("Cluster") },
];

for (const { name, skip, open } of STORES) {
  describe.skipIf(skip)(`records in ${name}`, () => {
    test("what was put is read and listed, until it is removed", async () => {
      const records = (await open()).records({ ...COLOUR, name: `put-${++opened}` });
      expect(await records.read("a")).toBeUndefined();
      expect(await records.put("a", { colour: "red" }, { fence: 4, untilMs: later() })).toBe(true);
      expect(await records.put("*.b/ö ü", { colour: "x" }, { fence: 1, untilMs: later() })).toBe(
        true,
      );
      expect(await records.read("a")).toMatchObject({ fence: 4, value: { colour: "red" } });
      expect(Object.fromEntries(await records.list())).toEqual({ "*.b/ö ü": 1, a: 4 });
      await records.remove("a");
      await records.remove("a");
      expect(await records.read("a")).toBeUndefined();
      expect([...(await records.list()).keys()]).toEqual(["*.b/ö ü"]);
    });

    test("whoever lost its lease changes nothing", async () => {
      const records = (await open()).records({ ...COLOUR, name: `fence-${++opened}` });
      const put = (colour: string, fence: number | undefined) =>
        records.put("a", { colour }, { fence, untilMs: later() });
      expect(await put("second", 2)).toBe(true);
      expect(await put("first", 1)).toBe(false);
      expect((await records.read("a"))?.value.colour).toBe("second");
      expect(await put("same", 2)).toBe(true);
      expect(await put("any", undefined)).toBe(true);
      expect(await records.read("a")).toMatchObject({ fence: 3, value: { colour: "any" } });
    });

    test("a record past its life is not read", async () => {
      const records = (await open()).records({ ...COLOUR, name: `life-${++opened}` });
      await records.put("a", { colour: "red" }, { fence: 1, untilMs: Date.now() - 1 });
      expect(await records.read("a")).toBeUndefined();
    });

    test("one at a time has a lease, each with a higher fence", async () => {
      const { leases } = await open();
      const name = `lease-${++opened}`;
      const first = (await leases.take(name))!;
      expect(await leases.take(name)).toBeUndefined();
      expect(await first.renew()).toBe(true);
      await first.release();
      await first.release();
      expect(await first.renew()).toBe(false);
      const second = (await leases.take(name))!;
      expect(second.fence).toBeGreaterThan(first.fence);
      const other = (await leases.take(`${name}-other`))!;
      await Promise.all([second.release(), other.release()]);
    });

    test("no more than so many are spent in an hour", async () => {
      const { leases } = await open();
      const name = `spent-${++opened}`;
      const said = [];
      for (let n = 0; n < 4; n++) said.push(await leases.spend(name, 3));
      expect(said).toEqual([true, true, true, false]);
      expect(await leases.spend(`${name}-other`, 3)).toBe(true);
    });
  });
}

test("what nobody needs any more leaves a folder, whatever died before it could take it away", async () => {
  const place = join(folder, "swept");
  let now = Date.now();
  const open = () =>
    folderRecords({ folder: place, wallClock: () => now }).records({ ...COLOUR, listed: false });
  const files = () => readdirSync(join(place, "colour")).toSorted();
  const first = open();
  await first.put("left behind", { colour: "red" }, { fence: undefined, untilMs: now + 1 });
  await first.put("lasting", { colour: "red" }, { fence: undefined, untilMs: now + 1e9 });
  writeFileSync(join(place, "colour", "100%.json"), "somebody else's");
  now += 2 * 3_600_000;
  expect(files()).toEqual(["100%.json", "lasting.json", "left%20behind.json"]);
  await open().put("new", { colour: "blue" }, { fence: undefined, untilMs: now + 1 });
  expect(files()).toEqual(["100%.json", "lasting.json", "new.json"]);
  await first.put("newer", { colour: "blue" }, { fence: undefined, untilMs: now + 1 });
  expect([...(await first.list()).keys()].toSorted()).toEqual(["lasting", "new", "newer"]);
});

test("a folder's records are there for the next process, and damaged ones are not", async () => {
  const place = join(folder, "kept");
  const first = folderRecords({ folder: place, wallClock: Date.now }).records(COLOUR);
  await first.put("a", { colour: "red" }, { fence: 7, untilMs: later() });
  await first.put("b", { colour: "blue" }, { fence: 1, untilMs: later() });
  writeFileSync(join(place, "colour", "b.json"), "{");
  const second = folderRecords({ folder: place, wallClock: Date.now }).records(COLOUR);
  expect(await second.list()).toEqual(new Map([["a", 7]]));
  const { leases } = folderRecords({ folder: place, wallClock: Date.now });
  const lease = (await leases.take("x"))!;
  const elsewhere = folderRecords({ folder: place, wallClock: Date.now }).leases;
  expect(await elsewhere.take("y")).toBeUndefined();
  await lease.release();
  const next = (await elsewhere.take("y"))!;
  expect(next.fence).toBeGreaterThan(lease.fence);
  await next.release();
});

describe.skipIf(!HAS_SINGLE)("records that gateways share", () => {
  test("others hear of a change, and read nothing with another key", async () => {
    const one = (await onRedis("Redis")).records(COLOUR);
    const two = (await onRedis("Redis")).records(COLOUR);
    const stranger = (await onRedis("Redis", otherKeyFile)).records(COLOUR);
    const heard: string[] = [];
    two.onChange((id) => void heard.push(id));
    // A subscription of its own connection may come a little later.
    await eventually(async () => {
      await one.put("shared", { colour: "green" }, { fence: undefined, untilMs: later() });
      return heard.length > 0;
    });
    expect(heard[0]).toBe("shared");
    expect((await two.read("shared"))?.value.colour).toBe("green");
    expect(await stranger.read("shared")).toBeUndefined();
  });

  test("what has ended is not listed for ever", async () => {
    const records = (await onRedis("Redis")).records({ ...COLOUR, name: `unlisted-${++opened}` });
    await records.put("a", { colour: "red" }, { fence: 3, untilMs: Date.now() - 1 });
    await records.put("b", { colour: "red" }, { fence: 3, untilMs: later() });
    expect([...(await records.list()).keys()].toSorted()).toEqual(["a", "b"]);
    expect(await records.read("a")).toBeUndefined();
    expect([...(await records.list()).keys()]).toEqual(["b"]);
  });

  test("nothing in Redis is in clear, and what is moved there is not believed", async () => {
    const records = (await onRedis("Redis")).records(COLOUR);
    await records.put("secret", { colour: "infrared" }, { fence: 1, untilMs: later() });
    const { place } = await backend("Redis");
    if (place.kind !== "single") throw new Error("one Redis");
    const { redisCommand } = await import("@warren/host/testing");
    const port = Number(new URL(place.url).port);
    const at = "warren:records:colour";
    const sealed = String(await redisCommand(port, ["HGET", `${at}:{secret}`, "v"]));
    expect(sealed).not.toContain("infrared");
    expect(Buffer.from(sealed, "base64url").toString("latin1")).not.toContain("infrared");
    await redisCommand(port, ["HSET", `${at}:{moved}`, "f", "1", "v", sealed]);
    expect(await records.read("moved")).toBeUndefined();
    expect((await records.read("secret"))?.value.colour).toBe("infrared");
  });
});

test("a key file that is too short is refused by name", async () => {
  const file = join(folder, "short");
  writeFileSync(file, "short\n");
  await expect(Sealer.open(file)).rejects.toThrow(`${file} must hold`);
});
