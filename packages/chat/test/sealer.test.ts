import { inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { giveKeys } from "../src/keys/give-keys.ts";
import { memoryKeyStore } from "../src/keys/memory-key-store.ts";
import type { KeyRecord } from "../src/keys/ports.ts";
import { failure, instance, NEW, OLD, place, watched } from "./_keys-kit.ts";

const DAY_MS = 86_400_000;
const recordOf = async (store: ReturnType<typeof memoryKeyStore>) => {
  const records = await store.get(place().userId, place().sessionId);
  if (records === "destroyed" || records[0] === undefined) throw new Error("no record");
  return records[0];
};

describe("a sealed text", () => {
  test.each(["", "hello", "zoë 🐇 \0\n", "x".repeat(10_000)])(
    "%j comes back as it was",
    async (text) => {
      const { sealer } = await instance();
      const sealed = await sealer.seal(text, place());
      expect(sealed).toMatch(/^w1\.[\w-]{11}\.[\w-]{8}\.[\w-]{38,}$/);
      expect(await sealer.open(sealed, place())).toBe(text);
      expect(sealer.openNow(sealed, place())).toBe(text);
    },
  );

  test("is another one every time, and nothing of the text is in it", async () => {
    const { sealer } = await instance();
    const texts = Array.from({ length: 50 }, () => sealer.seal("attack at dawn", place()));
    const sealed = await Promise.all(texts);
    expect(new Set(sealed).size).toBe(50);
    const bytes = Buffer.from(sealed.join("").split(".").at(-1) ?? "", "base64url");
    expect(bytes.includes("attack")).toBe(false);
  });

  test.each([
    { name: "another entry", given: { entry: "user:alice/m2" } },
    { name: "another field", given: { field: "name" } },
    { name: "another session", given: { sessionId: "ffffffffffffffffffffffffffffffff" } },
    { name: "lengths that move", given: { entry: "user:alice/m1content", field: "" } },
  ])("moved to $name is an error that says so", async ({ given }) => {
    const { sealer } = await instance();
    const sealed = await sealer.seal("hello", place());
    await sealer.seal("mine", place(given));
    expect(await failure(() => sealer.open(sealed, place(given)))).toBe("wrong_place");
    expect(await failure(() => sealer.openNow(sealed, place(given)))).toBe("wrong_place");
  });

  test("moved with its mark rewritten is an error too", async () => {
    const { sealer } = await instance();
    const there = place({ entry: "user:alice/m2" });
    const parts = (await sealer.seal("hello", place())).split(".");
    parts[2] = (await sealer.seal("mine", there)).split(".")[2] ?? "";
    expect(await failure(() => sealer.open(parts.join("."), there))).toBe("tampered");
  });

  test.each([
    { name: "plain text", text: "hello", want: "malformed" },
    { name: "nothing", text: "", want: "malformed" },
    { name: "the seed's format", text: Buffer.alloc(40, 1).toString("base64"), want: "malformed" },
    { name: "a box that is too short", text: "w1.AAAAAAAAAAA.AAAAAAAA.AAAA", want: "malformed" },
    { name: "a later version", text: "w2.anything at all", want: "unknown_version" },
    { name: "words that look like ours", text: "www.example.com", want: "malformed" },
  ])("$name is not taken for one", async ({ text, want }) => {
    const { sealer } = await instance();
    expect(await failure(() => sealer.open(text, place()))).toBe(want);
  });

  test("that was changed anywhere is an error and never text", async () => {
    const { sealer } = await instance();
    const sealed = await sealer.seal("hello", place());
    const characters = "ABCDEFabcdef0189-_.".split("");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sealed.length - 1),
        fc.constantFrom(...characters),
        async (at, character) => {
          fc.pre(sealed[at] !== character);
          const changed = sealed.slice(0, at) + character + sealed.slice(at + 1);
          expect(await failure(() => sealer.open(changed, place()))).toMatch(
            /^(malformed|unknown_version|wrong_place|tampered|unknown_key)$/,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each(["", "x", "xx"])(
    "of %j written otherwise is an error, also where it decodes alike",
    async (text) => {
      const { sealer } = await instance();
      const sealed = await sealer.seal(text, place());
      for (const last of "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        .split("")
        .filter((one) => !sealed.endsWith(one)))
        expect(await failure(() => sealer.open(sealed.slice(0, -1) + last, place()))).toMatch(
          /^(malformed|tampered)$/,
        );
    },
  );

  test.each([0, 1, 20, 38])("cut short by %i characters and one is an error", async (less) => {
    const { sealer } = await instance();
    const sealed = await sealer.seal("hello", place());
    const reason = await failure(() => sealer.open(sealed.slice(0, -1 - less), place()));
    expect(["malformed", "tampered"]).toContain(reason);
  });
});

describe("a session's keys", () => {
  test("are the same for instances that race for the first message", async () => {
    const store = memoryKeyStore();
    const all = await Promise.all([instance(store), instance(store), instance(store)]);
    const sealed = await Promise.all(
      all.flatMap(({ sealer }) => [sealer.seal("one", place()), sealer.seal("two", place())]),
    );
    expect(await store.get(place().userId, place().sessionId)).toHaveLength(1);
    for (const { sealer } of all)
      for (const text of sealed) expect(["one", "two"]).toContain(await sealer.open(text, place()));
  });

  test("seal and open at once when they are in memory, and are asked for otherwise", async () => {
    const store = memoryKeyStore();
    const { sealer } = await instance(store);
    expect(sealer.sealNow("hello", place())).toBeUndefined();
    const sealed = await sealer.seal("hello", place());
    expect(sealer.openNow(sealer.sealNow("again", place()) ?? "", place())).toBe("again");
    const { sealer: other } = await instance(store);
    expect(other.openNow(sealed, place())).toBeUndefined();
    expect(await other.open(sealed, place())).toBe("hello");
    expect(other.openNow(sealed, place())).toBe("hello");
  });

  test("are each user's own: the same session id of another opens nothing", async () => {
    const { sealer } = await instance();
    const sealed = await sealer.seal("hello", place());
    const reason = await failure(() => sealer.open(sealed, place({ userId: "mallory" })));
    expect(reason).toBe("unknown_key");
  });

  test("are read once for many who wait, and ten thousand sessions stay in memory", async () => {
    const watch = watched(memoryKeyStore(), () => {});
    const { sealer } = await instance(watch.store);
    const places = Array.from({ length: 10_000 }, (_, at) => place({ sessionId: `s${at}` }));
    await Promise.all(places.flatMap((one) => [sealer.seal("a", one), sealer.seal("b", one)]));
    expect(watch.calls).toBe(20_000);
    for (const one of places) expect(sealer.sealNow("c", one)).toBeDefined();
  });

  test("beyond what may be held, the ones not used for longest leave the memory", async () => {
    const { sealer } = await instance(memoryKeyStore(), { mostSessions: 2 });
    for (const sessionId of ["a", "b", "a", "c"]) await sealer.seal("x", place({ sessionId }));
    const held = ["a", "b", "c"].filter((sessionId) => sealer.sealNow("x", place({ sessionId })));
    expect(held).toEqual(["a", "c"]);
  });

  test("are replaced by new ones after so many texts, and the old ones go on opening", async () => {
    const store = memoryKeyStore();
    const { sealer } = await instance(store, { replaceAfterTexts: 3 });
    const other = await instance(store, { replaceAfterTexts: 3 });
    await other.sealer.seal("other", place());
    const sealed: string[] = [];
    for (let n = 0; n < 7; n++) sealed.push(await sealer.seal(`text ${n}`, place()));
    expect(
      sealed.map((text) => sealed.findIndex((one) => one.slice(0, 14) === text.slice(0, 14))),
    ).toEqual([0, 0, 0, 3, 3, 3, 6]);
    for (const [n, text] of sealed.entries()) {
      expect(await sealer.open(text, place())).toBe(`text ${n}`);
      expect(await other.sealer.open(text, place())).toBe(`text ${n}`);
    }
  });

  test("are counted on when they are read again", async () => {
    const store = memoryKeyStore();
    const { sealer, clock } = await instance(store, { replaceAfterTexts: 3, keepMs: 1000 });
    for (let n = 0; n < 4; n++) {
      await sealer.seal("x", place());
      clock.advance(1000);
    }
    expect(await store.get(place().userId, place().sessionId)).toHaveLength(2);
  });

  test("are replaced after 90 days", async () => {
    const store = memoryKeyStore();
    const { sealer, clock } = await instance(store);
    const first = await sealer.seal("x", place());
    clock.advance(90 * DAY_MS - 1);
    await sealer.seal("x", place());
    expect(await store.get(place().userId, place().sessionId)).toHaveLength(1);
    clock.advance(1);
    await Promise.all([sealer.seal("x", place()), sealer.seal("x", place())]);
    expect(await store.get(place().userId, place().sessionId)).toHaveLength(2);
    expect(await sealer.open(first, place())).toBe("x");
  });

  test("that another instance added while they were being read are found", async () => {
    const inner = memoryKeyStore();
    const reading = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    let held = false;
    const watch = watched(inner, () => {});
    const slow = {
      ...watch.store,
      get: async (userId: string, sessionId: string) => {
        const found = await inner.get(userId, sessionId);
        if (!held) {
          held = true;
          reading.resolve();
          await goOn.promise;
        }
        return found;
      },
    };
    const reader = await instance(slow);
    const writer = await instance(inner, { replaceAfterTexts: 1 });
    const first = await writer.sealer.seal("first", place());
    const firstRead = reader.sealer.open(first, place());
    await reading.promise;
    const second = await writer.sealer.seal("second", place());
    const secondRead = reader.sealer.open(second, place());
    goOn.resolve();
    expect(await Promise.all([firstRead, secondRead])).toEqual(["first", "second"]);
  });

  test("are asked for again after a store that was away", async () => {
    let away = true;
    const { store } = watched(memoryKeyStore(), () => {
      if (away) throw new Error("the store is away");
    });
    const { sealer } = await instance(store);
    await expect(sealer.seal("x", place())).rejects.toThrow("the store is away");
    away = false;
    expect(await sealer.open(await sealer.seal("x", place()), place())).toBe("x");
  });

  test("that are in memory go on while the store is away", async () => {
    let away = false;
    const { store } = watched(memoryKeyStore(), () => {
      if (away) throw new Error("the store is away");
    });
    const { sealer } = await instance(store);
    const sealed = await sealer.seal("x", place());
    away = true;
    expect(await sealer.open(sealed, place())).toBe("x");
    expect(await sealer.seal("y", place())).toBeDefined();
  });
});

describe("erasing", () => {
  test("destroys what was sealed, here at once and elsewhere when it is heard or looked up", async () => {
    const store = memoryKeyStore();
    const [here, there, deaf] = [
      await instance(store),
      await instance(store),
      await instance(store),
    ];
    const sealed = await here.sealer.seal("hello", place());
    for (const { sealer } of [there, deaf]) await sealer.open(sealed, place());
    await here.keys.destroy(place());
    there.keys.forget(place());
    deaf.clock.advance(300_000);
    for (const { sealer } of [here, there, deaf]) {
      expect(sealer.openNow(sealed, place())).toBeUndefined();
      expect(await failure(() => sealer.open(sealed, place()))).toBe("destroyed");
      expect(await failure(() => sealer.seal("more", place()))).toBe("destroyed");
    }
  });

  test("is not undone by keys that were on their way", async () => {
    const inner = memoryKeyStore();
    const first = await instance(inner);
    const sealed = await first.sealer.seal("hello", place());
    const reading = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const second = await instance({
      ...inner,
      get: async (userId, sessionId) => {
        const found = await inner.get(userId, sessionId);
        reading.resolve();
        await goOn.promise;
        return found;
      },
    });
    const opening = second.sealer.open(sealed, place());
    await reading.promise;
    await second.keys.destroy(place());
    goOn.resolve();
    await opening;
    expect(second.sealer.sealNow("more", place())).toBeUndefined();
    expect(await failure(() => second.sealer.open(sealed, place()))).toBe("destroyed");
  });

  test("while a first key is being made leaves no session that can be written", async () => {
    const inner = memoryKeyStore();
    const { store } = watched(inner, async (_, name) => {
      if (name === "putIfAbsent") await inner.destroy(place().userId, place().sessionId);
    });
    const { sealer } = await instance(store);
    expect(await failure(() => sealer.seal("x", place()))).toBe("destroyed");
  });
});

describe("master keys", () => {
  test("a wrong one is an error, for what was written and for what is to be", async () => {
    const store = memoryKeyStore();
    const right = await instance(store);
    const sealed = await right.sealer.seal("hello", place());
    const wrong = await instance(store, { current: NEW });
    expect(await failure(() => wrong.sealer.open(sealed, place()))).toBe("unknown_master_key");
    expect(await failure(() => wrong.sealer.seal("more", place()))).toBe("unknown_master_key");
    expect(await failure(() => wrong.sealer.sealNow("more", place()))).toBe("unknown_master_key");
    expect(await store.get(place().userId, place().sessionId)).toHaveLength(1);
  });

  test.each([
    { name: "of another user", changed: { userId: "mallory" } },
    { name: "of another session", changed: { sessionId: "f".repeat(32) } },
    { name: "with another number", changed: { number: 2 } },
    { name: "with another date", changed: { createdAtMs: 1 } },
  ] satisfies { name: string; changed: Partial<KeyRecord> }[])(
    "a record put back $name opens nothing",
    async ({ changed }) => {
      const store = memoryKeyStore();
      const first = await instance(store);
      const there = place(changed);
      const sealed = await first.sealer.seal("hello", place());
      const moved = memoryKeyStore();
      await moved.putIfAbsent({ ...(await recordOf(store)), ...changed });
      const second = await instance(moved);
      const reason = await failure(() =>
        second.sealer.open(sealed, { ...place(), userId: there.userId }),
      );
      expect(["damaged_key", "unknown_key"]).toContain(reason);
      expect(await failure(() => second.sealer.seal("hello", there))).toBe("damaged_key");
    },
  );

  test("errors say nothing of what was sealed", async () => {
    const { sealer } = await instance();
    const sealed = await sealer.seal("attack at dawn", place());
    const other = place({ entry: "other" });
    const reason: unknown = await sealer.open(sealed, other).catch((caught: unknown) => caught);
    expect(inspect(reason, { depth: 9 })).not.toMatch(/attack|w1\.|alice/);
  });
});

describe("a session given to another user", () => {
  const bob = place({ userId: "bob" });
  const given = { from: "alice", to: "bob" };

  test("opens for the new owner as it is, also when it is given twice", async () => {
    const store = memoryKeyStore();
    const { sealer, masters } = await instance(store, {
      replaceAfterTexts: 1,
      current: NEW,
      former: OLD,
    });
    const sealed = [await sealer.seal("one", place()), await sealer.seal("two", place())];
    for (let n = 0; n < 2; n++) await giveKeys({ store, masters }, place().sessionId, given);
    await store.destroy("alice", place().sessionId);
    const texts = await Promise.all(sealed.map((one) => sealer.open(one, bob)));
    expect(texts).toEqual(["one", "two"]);
  });

  test("is refused when it was erased", async () => {
    const store = memoryKeyStore();
    const { masters } = await instance(store);
    await store.destroy("alice", place().sessionId);
    const giving = () => giveKeys({ store, masters }, place().sessionId, given);
    expect(await failure(giving)).toBe("destroyed");
  });
});
