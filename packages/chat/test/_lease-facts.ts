/** What every Leases does, as one table: each implementation's test runs it on an empty store. */
import { expect } from "vitest";
import { firstLease, movedOn, takenBy, type Lease, type Leases } from "../src/leases/ports.ts";

export interface LeaseFact {
  name: string;
  holds: (leases: Leases) => Promise<void>;
}

const RUN = { kind: "run", userId: "alice", name: "0123456789abcdef0123456789abcdef" } as const;
const run = (holder = "one", note = "{}"): Lease => firstLease(RUN, holder, note);

export const LEASE_FACTS: readonly LeaseFact[] = [
  {
    name: "a lease that nobody took is not there",
    async holds(leases) {
      expect(await leases.get(RUN)).toBeUndefined();
      expect(await leases.list("run", undefined, 10)).toEqual([]);
      expect(await leases.holders("run")).toEqual([]);
    },
  },
  {
    name: "it is taken once, and is there as it was taken",
    async holds(leases) {
      expect(await leases.put(RUN, undefined, run("one", '{"a":"ü"}'))).toBe(true);
      expect(await leases.put(RUN, undefined, run("two"))).toBe(false);
      expect(await leases.get(RUN)).toEqual(run("one", '{"a":"ü"}'));
    },
  },
  {
    name: "its holder moves it, and what it wrote before counts no more",
    async holds(leases) {
      const first = run();
      await leases.put(RUN, undefined, first);
      const second = movedOn(first, "{}");
      expect(await leases.put(RUN, first, second)).toBe(true);
      expect(await leases.put(RUN, first, movedOn(first, '{"late":1}'))).toBe(false);
      expect(await leases.get(RUN)).toEqual(second);
    },
  },
  {
    name: "after another took it its former holder can neither move nor end it",
    async holds(leases) {
      const mine = run();
      await leases.put(RUN, undefined, mine);
      const theirs = takenBy("two", mine, mine.note);
      expect(await leases.put(RUN, mine, theirs)).toBe(true);
      expect(await leases.put(RUN, mine, movedOn(mine, "{}"))).toBe(false);
      expect(await leases.put(RUN, mine, undefined)).toBe(false);
      expect(await leases.get(RUN)).toEqual({ ...theirs, holder: "two", term: 2 });
    },
  },
  {
    name: "of the same beat of another holder or term it is another lease",
    async holds(leases) {
      await leases.put(RUN, undefined, run());
      expect(await leases.put(RUN, run("two"), undefined)).toBe(false);
      expect(await leases.put(RUN, { ...run(), term: 2 }, undefined)).toBe(false);
      expect(await leases.put(RUN, run(), undefined)).toBe(true);
    },
  },
  {
    name: "what is given up is gone, once, and can be taken anew",
    async holds(leases) {
      await leases.put(RUN, undefined, run());
      expect(await leases.put(RUN, run(), undefined)).toBe(true);
      expect(await leases.put(RUN, run(), undefined)).toBe(false);
      expect(await leases.put(RUN, undefined, run("two"))).toBe(true);
    },
  },
  {
    name: "of many who take it at once one has it, each time, and they know who",
    async holds(leases) {
      const contenders = Array.from({ length: 8 }, (_, at) => `holder ${at}`);
      let was: Lease | undefined;
      for (let round = 1; round <= 3; round += 1) {
        const before = was;
        const nexts = contenders.map((one) => (before ? takenBy(one, before, "{}") : run(one)));
        const isPut = await Promise.all(nexts.map((next) => leases.put(RUN, before, next)));
        expect(isPut.filter(Boolean)).toHaveLength(1);
        was = await leases.get(RUN);
        expect(was).toEqual(nexts[isPut.indexOf(true)]);
        expect(was?.term).toBe(round);
      }
      const given = await Promise.all(contenders.map(() => leases.put(RUN, was, undefined)));
      expect(given.filter(Boolean)).toHaveLength(1);
    },
  },
  {
    name: "leases are found by kind and by holder, as many as are wanted",
    async holds(leases) {
      for (const [at, holder] of ["one", "two", "one"].entries()) {
        const name = { ...RUN, name: String(at).repeat(32) };
        await leases.put(name, undefined, firstLease(name, holder, `{"at":${at}}`));
      }
      const other = { kind: "instance", userId: "", name: "one" } as const;
      await leases.put(other, undefined, firstLease(other, "one", "{}"));
      expect(await leases.list("run", undefined, 10)).toHaveLength(3);
      const ones = await leases.list("run", "one", 10);
      expect(new Set(ones.map(({ name }) => name[0]))).toEqual(new Set(["0", "2"]));
      expect(await leases.list("run", "one", 1)).toHaveLength(1);
      expect(new Set(await leases.holders("run"))).toEqual(new Set(["one", "two"]));
      expect(await leases.list("instance", undefined, 10)).toHaveLength(1);
    },
  },
  {
    name: "marks are of others and without notes",
    async holds(leases) {
      const theirs = { ...RUN, userId: "bob" };
      await leases.put(RUN, undefined, run("one"));
      await leases.put(theirs, undefined, firstLease(theirs, "two", '{"long":1}'));
      expect(await leases.marks("run", "one")).toEqual([
        { ...theirs, holder: "two", term: 1, beat: 1 },
      ]);
    },
  },
  {
    name: "the same name of another user or kind is another lease",
    async holds(leases) {
      const bobs = { ...RUN, userId: "bob" };
      const taken = { ...RUN, kind: "takeover" } as const;
      for (const name of [RUN, bobs, taken]) {
        expect(await leases.put(name, undefined, firstLease(name, "one", "{}"))).toBe(true);
      }
      expect(await leases.put(bobs, firstLease(bobs, "one", "{}"), undefined)).toBe(true);
      expect(await leases.get(RUN)).toBeDefined();
      expect(await leases.get(taken)).toBeDefined();
    },
  },
];
