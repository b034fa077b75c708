/** What every KeyStore does, as one table: each implementation's test runs it on an empty store. */
import { expect } from "vitest";
import type { KeyRecord, KeyStore } from "../src/keys/ports.ts";

export interface KeyStoreFact {
  name: string;
  holds: (store: KeyStore) => Promise<void>;
}

const SESSION = "0123456789abcdef0123456789abcdef";
const record = (given: Partial<KeyRecord> = {}): KeyRecord => ({
  userId: "alice",
  sessionId: SESSION,
  number: 1,
  keyId: "key-one",
  masterKeyId: "old",
  wrapped: "d3JhcHBlZA",
  createdAtMs: 1_760_000_000_123,
  ...given,
});
/** A record of another wrapping, as rotation makes it. */
const rewrapped = (old: KeyRecord, masterKeyId = "new"): KeyRecord => ({
  ...old,
  masterKeyId,
  wrapped: `again-${old.wrapped}`,
});

async function pages(
  store: KeyStore,
  limit: number,
  between: (seen: readonly KeyRecord[]) => Promise<void> = async () => {},
): Promise<KeyRecord[]> {
  const seen: KeyRecord[] = [];
  let next: string | undefined;
  do {
    const page = await store.wrappedByOthers("new", next, limit);
    expect(page.records.length).toBeLessThanOrEqual(limit);
    seen.push(...page.records);
    await between(page.records);
    next = page.next;
  } while (next !== undefined);
  return seen;
}
const numbered = (count: number) =>
  Array.from({ length: count }, (_, at) => record({ userId: `u${at % 3}`, sessionId: `s${at}` }));
const inOrder = (records: readonly KeyRecord[]) => records.map((one) => one.sessionId).sort();

const keeping: KeyStoreFact[] = [
  {
    name: "a session that nobody wrote in has no keys",
    async holds(store) {
      expect(await store.get("alice", SESSION)).toEqual([]);
    },
  },
  {
    name: "what was put is there, as it was put",
    async holds(store) {
      expect(await store.putIfAbsent(record())).toEqual(record());
      expect(await store.get("alice", SESSION)).toEqual([record()]);
    },
  },
  {
    name: "the first record of a number stays, and whoever comes later gets it",
    async holds(store) {
      await store.putIfAbsent(record());
      const late = record({ keyId: "late", wrapped: "other" });
      expect(await store.putIfAbsent(late)).toEqual(record());
      expect(await store.get("alice", SESSION)).toEqual([record()]);
    },
  },
  {
    name: "of twenty that race all get the same",
    async holds(store) {
      const racing = Array.from({ length: 20 }, (_, at) => record({ keyId: `racer-${at}` }));
      const got = await Promise.all(racing.map((one) => store.putIfAbsent(one)));
      expect(new Set(got.map((one) => JSON.stringify(one))).size).toBe(1);
      expect(await store.get("alice", SESSION)).toEqual([got[0]]);
    },
  },
  {
    name: "a session's keys come by their numbers",
    async holds(store) {
      for (const number of [1, 10, 2, 9]) {
        await store.putIfAbsent(record({ number, keyId: `key-${number}` }));
      }
      const kept = await store.get("alice", SESSION);
      expect(kept).toMatchObject([{ number: 1 }, { number: 2 }, { number: 9 }, { number: 10 }]);
    },
  },
  {
    name: "users and sessions are apart, whatever their ids are made of",
    async holds(store) {
      const ids = ["a", "A", "á", "a\u0301", "a/b", "a.b", "$a", "a b", "__proto__", "100%", "'"];
      const all = ids.flatMap((userId) => [
        record({ userId, keyId: userId }),
        record({ userId, sessionId: "b", keyId: `${userId} b` }),
      ]);
      for (const one of all) expect(await store.putIfAbsent(one)).toEqual(one);
      for (const one of all) expect(await store.get(one.userId, one.sessionId)).toEqual([one]);
    },
  },
];

const rewrapping: KeyStoreFact[] = [
  {
    name: "rewrapping changes the wrapping alone",
    async holds(store) {
      const second = record({ number: 2, keyId: "key-two" });
      await store.putIfAbsent(record());
      await store.putIfAbsent(second);
      expect(await store.rewrap(rewrapped(record()), "old")).toBe(true);
      expect(await store.get("alice", SESSION)).toEqual([rewrapped(record()), second]);
    },
  },
  {
    name: "of two who rewrap one does, and the other is told",
    async holds(store) {
      await store.putIfAbsent(record());
      const both = [rewrapped(record(), "new"), rewrapped(record(), "newer")];
      const done = await Promise.all(both.map((fresh) => store.rewrap(fresh, "old")));
      expect(done.filter((one) => one)).toHaveLength(1);
      expect(await store.get("alice", SESSION)).toEqual([both[done.indexOf(true)]]);
    },
  },
  {
    name: "what is not there, or is another key, is not rewrapped and does not come to be",
    async holds(store) {
      await store.putIfAbsent(record());
      const strangers = [
        record({ number: 2 }),
        record({ keyId: "other" }),
        record({ userId: "bob" }),
        record({ sessionId: "b" }),
      ];
      for (const one of strangers) expect(await store.rewrap(rewrapped(one), "old")).toBe(false);
      expect(await store.get("alice", SESSION)).toEqual([record()]);
      expect(await store.get("bob", SESSION)).toEqual([]);
    },
  },
];

const destroying: KeyStoreFact[] = [
  {
    name: "a destroyed session's keys are gone and never come back",
    async holds(store) {
      await store.putIfAbsent(record());
      await store.putIfAbsent(record({ number: 2, keyId: "key-two" }));
      await store.destroy("alice", SESSION);
      expect(await store.get("alice", SESSION)).toBe("destroyed");
      expect(await store.putIfAbsent(record({ number: 3 }))).toBe("destroyed");
      expect(await store.rewrap(rewrapped(record()), "old")).toBe(false);
      expect(await store.get("alice", SESSION)).toBe("destroyed");
      expect(await pages(store, 10)).toEqual([]);
    },
  },
  {
    name: "a session is destroyed before it has a key, and twice",
    async holds(store) {
      await store.destroy("alice", SESSION);
      await store.destroy("alice", SESSION);
      expect(await store.putIfAbsent(record())).toBe("destroyed");
      expect(await store.get("alice", SESSION)).toBe("destroyed");
    },
  },
  {
    name: "destroying one leaves the user's others, and others' of the same id",
    async holds(store) {
      const others = [record({ sessionId: "b" }), record({ userId: "bob" })];
      for (const one of [record(), ...others]) await store.putIfAbsent(one);
      await store.destroy("alice", SESSION);
      for (const one of others) expect(await store.get(one.userId, one.sessionId)).toEqual([one]);
    },
  },
  {
    name: "who puts while it is destroyed leaves nothing behind",
    async holds(store) {
      const puts = Array.from({ length: 10 }, (_, at) => record({ number: at + 1 }));
      const all = puts.map((one, at) =>
        at === 5
          ? Promise.all([store.destroy("alice", SESSION), store.putIfAbsent(one)])
          : store.putIfAbsent(one),
      );
      await Promise.all(all);
      expect(await store.get("alice", SESSION)).toBe("destroyed");
      expect(await pages(store, 10)).toEqual([]);
    },
  },
];

const listing: KeyStoreFact[] = [
  {
    name: "lists what another master key wraps, page by page, each once",
    async holds(store) {
      for (const one of numbered(25)) await store.putIfAbsent(one);
      await store.putIfAbsent(record({ sessionId: "fresh", masterKeyId: "new" }));
      await store.putIfAbsent(record({ sessionId: "older", masterKeyId: "oldest" }));
      const want = [...numbered(25), record({ sessionId: "older" })];
      expect(inOrder(await pages(store, 4))).toEqual(inOrder(want));
    },
  },
  {
    name: "what is rewrapped, destroyed or left while pages are read makes it miss nothing",
    async holds(store) {
      for (const one of numbered(25)) await store.putIfAbsent(one);
      const seen = await pages(store, 4, async (page) => {
        const [first, second] = page;
        if (first !== undefined) await store.rewrap(rewrapped(first), first.masterKeyId);
        if (second !== undefined) await store.destroy(second.userId, second.sessionId);
      });
      expect(inOrder(seen)).toEqual(inOrder(numbered(25)));
    },
  },
  {
    name: "when all is rewrapped nothing is listed",
    async holds(store) {
      for (const one of numbered(5)) await store.putIfAbsent(one);
      for (const one of numbered(5)) await store.rewrap(rewrapped(one), "old");
      expect(await pages(store, 2)).toEqual([]);
    },
  },
];

export const KEY_STORE_FACTS: KeyStoreFact[] = [
  ...keeping,
  ...rewrapping,
  ...destroying,
  ...listing,
];
