import { describe, expect, test } from "vitest";
import { memoryKeyStore } from "../src/keys/memory-key-store.ts";
import type { KeyStore, SealedValue, SealedValues } from "../src/keys/ports.ts";
import { rotateKeys, rotateValues } from "../src/keys/rotate.ts";
import { lookupDigest, lookupDigests, openValue, sealValue } from "../src/keys/values.ts";
import { failure, instance, masterKeys, NEW, OLD, place, watched } from "./_keys-kit.ts";

const never = new AbortController().signal;
const places = (count: number) =>
  Array.from({ length: count }, (_, at) => place({ userId: `u${at % 7}`, sessionId: `s${at}` }));

async function filled(count: number) {
  const store = memoryKeyStore();
  const { sealer } = await instance(store);
  const sealed = await Promise.all(
    places(count).map(async (at) => ({
      at,
      text: await sealer.seal(`text of ${at.sessionId}`, at),
    })),
  );
  return { store, sealed };
}
/** That all of it is read, by a process that has nothing in memory. */
async function reads(
  store: KeyStore,
  sealed: Awaited<ReturnType<typeof filled>>["sealed"],
  keys: { current: string; former?: string },
) {
  const { sealer } = await instance(store, keys);
  for (const { at, text } of sealed)
    expect(await sealer.open(text, at)).toBe(`text of ${at.sessionId}`);
}

describe("rotating the master key", () => {
  test("puts every data key under the new one, without the old one from then on", async () => {
    const { store, sealed } = await filled(450);
    const masters = await masterKeys(NEW, OLD);
    expect(await rotateKeys(store, masters, never)).toEqual({
      renewed: 450,
      unreadable: 0,
      complete: true,
    });
    await reads(store, sealed, { current: NEW });
    expect(await rotateKeys(store, masters, never)).toMatchObject({ renewed: 0, complete: true });
  });

  test("may die at any call: all is readable meanwhile, and the next run ends it", async () => {
    const CALLS = 30;
    for (let death = 1; death <= CALLS; death++) {
      const { store, sealed } = await filled(24);
      const masters = await masterKeys(NEW, OLD);
      const { store: dying } = watched(store, (call) => {
        if (call === death) throw new Error("dead");
      });
      const ending = await rotateKeys(dying, masters, never).catch(String);
      if (death < 26) expect(ending).toBe("Error: dead");
      await reads(store, sealed, { current: NEW, former: OLD });
      await reads(store, sealed, { current: OLD, former: NEW });
      expect(await rotateKeys(store, masters, never)).toMatchObject({ complete: true });
      await reads(store, sealed, { current: NEW });
    }
  });

  test("goes on beside readers and writers that still use the old key", async () => {
    const { store, sealed } = await filled(300);
    const old = await instance(store, { current: OLD, former: NEW, mostSessions: 5 });
    const fresh = await instance(store, { current: NEW, former: OLD, mostSessions: 5 });
    let writes = 0;
    const { store: busy } = watched(store, async (call) => {
      const one = sealed[(call * 7) % sealed.length]!;
      for (const { sealer } of [old, fresh])
        expect(await sealer.open(one.text, one.at)).toBe(`text of ${one.at.sessionId}`);
      if (call % 10 !== 0) return;
      const at = place({ sessionId: `new ${writes++}` });
      sealed.push({ at, text: await old.sealer.seal(`text of ${at.sessionId}`, at) });
    });
    const masters = await masterKeys(NEW, OLD);
    const done = await rotateKeys(busy, masters, never);
    expect(done.renewed).toBeGreaterThan(300);
    expect(await rotateKeys(store, masters, never)).toMatchObject({ complete: true });
    await reads(store, sealed, { current: NEW });
  });

  test("by two at once is done once", async () => {
    const { store, sealed } = await filled(50);
    const masters = await masterKeys(NEW, OLD);
    const both = await Promise.all([1, 2].map(() => rotateKeys(store, masters, never)));
    expect(both[0]!.renewed + both[1]!.renewed).toBe(50);
    expect(both).toMatchObject([{ complete: true }, { complete: true }]);
    await reads(store, sealed, { current: NEW });
  });

  test("ends when it is told to, and says that it is not complete", async () => {
    const { store } = await filled(250);
    const stop = new AbortController();
    const { store: watch } = watched(store, (call) => {
      if (call === 4) stop.abort();
    });
    const done = await rotateKeys(watch, await masterKeys(NEW, OLD), stop.signal);
    // A page is renewed together, and the next one not begun.
    expect(done).toEqual({ renewed: 200, unreadable: 0, complete: false });
  });

  test("leaves what it cannot read, goes on, and counts it", async () => {
    const { store } = await filled(5);
    const lost = await instance(store, {
      current: Buffer.alloc(32, "lost key").toString("base64"),
    });
    await lost.sealer.seal("x", place({ sessionId: "lost" }));
    const [record] = (await store.get("u1", "s1")) as [never];
    await store.putIfAbsent({ ...(record as object), number: 2 } as never);
    expect(await rotateKeys(store, await masterKeys(NEW, OLD), never)).toEqual({
      renewed: 5,
      unreadable: 2,
      complete: true,
    });
    expect(await lost.sealer.seal("y", place({ sessionId: "lost" }))).toBeDefined();
  });

  test("does not bring a session back that is erased meanwhile", async () => {
    const { store } = await filled(3);
    const { store: watch } = watched(store, async (_, name) => {
      if (name === "rewrap")
        for (const at of places(3)) await store.destroy(at.userId, at.sessionId);
    });
    const done = await rotateKeys(watch, await masterKeys(NEW, OLD), never);
    expect(done).toMatchObject({ renewed: 0, complete: true });
    for (const at of places(3)) expect(await store.get(at.userId, at.sessionId)).toBe("destroyed");
  });

  test("reaches an instance that reads its key file again by itself", async () => {
    const { store, sealed } = await filled(1);
    const texts = { current: OLD, former: "" };
    const { clock, sealer } = await instance(store, texts);
    await rotateKeys(store, await masterKeys(NEW, OLD), never);
    const [one] = sealed;
    expect(await failure(() => sealer.open(one!.text, one!.at))).toBe("unknown_master_key");
    Object.assign(texts, { current: NEW, former: OLD });
    clock.advance(10_000);
    expect(await sealer.open(one!.text, one!.at)).toBe("text of s0");
  });
});

describe("a value that is looked up", () => {
  const use = "share token";
  const TOKEN = "0123456789abcdef0123456789abcdef";

  test("is found by its digest, also by one of a former key", async () => {
    const row = sealValue(TOKEN, { use, id: "s1" }, await masterKeys(OLD));
    const masters = await masterKeys(NEW, OLD);
    expect(lookupDigests(masters, use, TOKEN)).toEqual([
      lookupDigest(masters.current, use, TOKEN),
      row.digest,
    ]);
    expect(openValue(row.sealed, { use, id: "s1" }, masters)).toBe(TOKEN);
  });

  test("has another digest for another value, use or key", async () => {
    const [a, b] = [await masterKeys(OLD), await masterKeys(NEW)];
    const digests = [
      lookupDigest(a.current, use, TOKEN),
      lookupDigest(a.current, use, `${TOKEN}0`),
      lookupDigest(a.current, "reset token", TOKEN),
      lookupDigest(b.current, use, TOKEN),
    ];
    expect(new Set(digests).size).toBe(4);
  });

  test.each([
    { name: "in another row", at: { use, id: "s2" }, key: OLD, want: "tampered" },
    { name: "for another use", at: { use: "x", id: "s1" }, key: OLD, want: "tampered" },
    { name: "with a wrong key", at: { use, id: "s1" }, key: NEW, want: "unknown_master_key" },
  ])("is an error $name", async ({ at, key, want }) => {
    const { sealed } = sealValue(TOKEN, { use, id: "s1" }, await masterKeys(OLD));
    const masters = await masterKeys(key);
    expect(await failure(() => openValue(sealed, at, masters))).toBe(want);
  });

  test.each([
    { name: "the value itself", text: TOKEN, want: "malformed" },
    { name: "a later version", text: "v2.x", want: "unknown_version" },
    { name: "a box that is cut short", text: "cut", want: "tampered" },
  ])("is an error when there is $name", async ({ text, want }) => {
    const masters = await masterKeys(OLD);
    const { sealed } = sealValue(TOKEN, { use, id: "s1" }, masters);
    const found = text === "cut" ? sealed.slice(0, 30) : text;
    expect(await failure(() => openValue(found, { use, id: "s1" }, masters))).toBe(want);
  });

  test("moves to a new master key with the others, and what nobody can read stays", async () => {
    const old = await masterKeys(OLD);
    const rows = new Map<string, SealedValue>();
    for (let at = 0; at < 300; at++)
      rows.set(`s${at}`, sealValue(`token ${at}`, { use, id: `s${at}` }, old));
    rows.set("odd", { ...rows.get("s0")!, id: "odd" });
    const values: SealedValues = {
      async sealedByOthers(masterKeyId, after, limit) {
        const others = [...rows.values()].slice(Number(after ?? 0)).slice(0, limit);
        const next = Number(after ?? 0) + limit;
        return {
          values: others.filter((one) => one.masterKeyId !== masterKeyId),
          next: next < rows.size ? String(next) : undefined,
        };
      },
      async replace(row, fresh) {
        if (rows.get(row.id)?.sealed !== row.sealed) return false;
        rows.set(row.id, fresh);
        return true;
      },
    };
    const done = await rotateValues({ values, use }, await masterKeys(NEW, OLD), never);
    expect(done).toEqual({ renewed: 300, unreadable: 1, complete: true });
    const masters = await masterKeys(NEW);
    const row = rows.get("s7")!;
    expect(row.digest).toBe(lookupDigest(masters.current, use, "token 7"));
    expect(openValue(row.sealed, { use, id: "s7" }, masters)).toBe("token 7");
  });
});
