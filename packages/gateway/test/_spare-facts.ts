/** What a full claim group gives up for what is new, as one table beside the other facts. */
import { expect } from "vitest";
import type { Registry } from "../src/ports.ts";
import { codes, found, on, settled, type Fact, type World } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

const GROUP = "g";
const of = (clusterUuid: string, revision: number, routes: ReturnType<typeof on>) =>
  change({ clusterUuid, group: GROUP, revision, routes });
const names = (letter: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${letter}${at}.test`);
const hostsOf = (namespace: string, letter: string, count: number) =>
  on(...names(letter, count)).map((one) => ({ ...one, namespace }));
const tcp = (service: string) => route({ host: "", kind: "tcp", service });
const held = async (registry: Registry) => (await registry.claims()).map(({ host }) => host);
/** Whether a stranger gets the host. */
const isFree = async (registry: Registry, host: string) => {
  const verdict = await registry.apply(change({ clusterUuid: "stranger", routes: on(host) }));
  return verdict.accepted === 1;
};

/** The group is full with `a0` to `a3`, which wait for the cluster: nobody else has their room, nor gives it up. */
async function holdsFor(clusterUuid: string, { gateways: [here, there] }: World) {
  const full = await here.apply(of("c2", 1, hostsOf("b", "b", 4)));
  expect(codes(full)).toEqual(["quota_exceeded", "quota_exceeded"]);
  expect(await there.releaseUnused("c1")).toBe(0);
  expect(await there.releaseUnused("")).toBe(0);
  expect(await here.releaseUnused(undefined)).toBe(0);
  expect(codes(await here.apply(of(clusterUuid, 2, hostsOf("a", "a", 4))))).toEqual([]);
  expect(await settled(here, "a1.test")).toEqual([`${clusterUuid}/a1.test`]);
}

/** With room for 6 hosts and 2 ports of a group, and 4 routes of a cluster (_quota-facts.ts). */
export const SPARE_FACTS: Fact[] = [
  {
    name: "a new host has the room of one of its group's that has no routes, and nobody else's",
    async holds({ gateways: [here, there] }) {
      await here.apply(of("c1", 1, hostsOf("a", "a", 4)));
      await here.apply(of("c1", 2, hostsOf("a", "b", 2)));
      await here.apply(of("c1", 3, hostsOf("a", "a", 1)));
      await here.apply(change({ clusterUuid: "c3", routes: on("c3.test") }));
      await here.apply(change({ clusterUuid: "c3" }));
      expect(codes(await there.apply(of("c2", 1, hostsOf("n", "n", 2))))).toEqual([]);
      const claims = await held(here);
      expect(claims).toHaveLength(7);
      for (const host of ["a0.test", "n0.test", "n1.test", "c3.test"])
        expect(claims).toContain(host);
      expect(await settled(here, "a0.test")).toEqual(["c1/a0.test"]);
      const given = [...names("a", 4), ...names("b", 2)].filter((one) => !claims.includes(one));
      for (const host of given) expect(await isFree(there, host)).toBe(true);
      expect(await isFree(there, "c3.test")).toBe(false);
    },
  },
  {
    name: "what has routes gives no room, however many are asked for",
    async holds({ gateways: [here, there] }) {
      await here.apply(of("c1", 1, hostsOf("a", "a", 3)));
      await there.apply(of("c2", 1, hostsOf("a", "b", 3)));
      const more = await here.apply(of("c3", 1, hostsOf("n", "n", 4)));
      expect(codes(more)).toEqual(Array.from({ length: 4 }, () => "quota_exceeded"));
      expect(await held(there)).toEqual([...names("a", 3), ...names("b", 3)]);
    },
  },
  {
    name: "who makes and deletes very many hosts drives out his own",
    async holds({ gateways: [here, there] }) {
      await here.apply(of("shop", 1, hostsOf("shop", "s", 2)));
      await here.apply(of("shop", 2, hostsOf("shop", "s", 1)));
      for (let round = 0; round < 12; round += 1) {
        const registry = [here, there][round % 2]!;
        const { accepted } = await registry.apply(
          of("c1", 2 * round, hostsOf("evil", `e${round}`, 3)),
        );
        expect(accepted).toBe(3);
        await registry.apply(of("c1", 2 * round + 1, []));
      }
      expect(codes(await there.apply(of("shop", 3, hostsOf("shop", "s", 3))))).toEqual([]);
      expect(await isFree(here, "s1.test")).toBe(false);
    },
  },
  {
    name: "what was just taken back is kept for a moment, for who makes it anew",
    async holds({ gateways: [here, there] }) {
      await here.apply(of("c1", 1, hostsOf("a", "a", 3)));
      await there.apply(of("c2", 1, hostsOf("b", "b", 3)));
      await here.apply(of("c1", 2, hostsOf("a", "a", 2)));
      const busy = of("c2", 2, hostsOf("b", "b", 4));
      expect(codes(await there.apply(busy))).toEqual(["quota_exceeded"]);
      expect(codes(await here.apply(of("c1", 3, hostsOf("a", "a", 3))))).toEqual([]);
    },
  },
  {
    name: "what went with its cluster waits for it, also while the cluster does not say it again",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(of("c1", 1, hostsOf("a", "a", 4)));
      await world.until(async () => (await found(here, "a0.test")) === "no_route");
      const busy = hostsOf("b", "b", 4);
      const full = ["quota_exceeded", "quota_exceeded"];
      expect(codes(await there.apply(of("c2", 1, busy)))).toEqual(full);
      await there.apply(of("c1", 2, hostsOf("a", "a", 1)));
      expect(codes(await here.apply(of("c2", 2, busy)))).toEqual(full);
      expect(codes(await here.apply(of("c1", 3, hostsOf("a", "a", 4))))).toEqual([]);
    },
  },
  {
    name: "what its cluster serves again, and then takes back, is spare at once",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(of("c1", 1, hostsOf("a", "a", 4)));
      await world.until(async () => (await found(here, "a0.test")) === "no_route");
      await there.apply(of("c1", 2, hostsOf("a", "a", 4)));
      await there.apply(of("c1", 3, hostsOf("a", "a", 1)));
      expect(codes(await here.apply(of("c2", 1, hostsOf("b", "b", 4))))).toEqual([]);
      expect(await settled(there, "a0.test")).toEqual(["c1/a0.test"]);
    },
  },
  {
    name: "what one cluster takes back waits for another that served it and is going away",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(of("gone", 1, hostsOf("a", "a", 4)));
      await there.apply(of("c1", 1, hostsOf("a", "a", 4)));
      await there.apply(of("c1", 2, []));
      await world.until(async () => {
        await there.renew("c1");
        return (await found(here, "a0.test")) === "no_route";
      });
      await holdsFor("gone", world);
    },
  },
  {
    name: "what one cluster takes back waits for another that served it and has gone away",
    async holds(world) {
      const [here, there] = world.gateways;
      await there.apply(of("c1", 1, hostsOf("a", "a", 4)));
      await here.apply(of("gone", 1, hostsOf("a", "a", 4)));
      await world.until(async () => {
        await there.renew("c1");
        return (await found(here, "a0.test")).length === 1;
      });
      await there.apply(of("c1", 2, []));
      await holdsFor("gone", world);
    },
  },
  {
    name: "of two clusters that went away neither's return lets go of what waits for the other",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(of("gone", 1, hostsOf("a", "a", 4)));
      await there.apply(of("c1", 1, hostsOf("a", "a", 4)));
      await world.until(async () => (await found(here, "a0.test")) === "no_route");
      await there.apply(of("c1", 2, hostsOf("a", "a", 4)));
      await there.apply(of("c1", 3, []));
      await holdsFor("gone", world);
    },
  },
  {
    name: "a new port has the room of one of its group's that has no route",
    async holds({ gateways: [here, there] }) {
      const ports = async (registry: Registry, revision: number, ...services: string[]) =>
        Object.values((await registry.apply(of("c1", revision, services.map(tcp)))).ports);
      expect(await ports(here, 1, "a", "b")).toHaveLength(2);
      expect(await ports(here, 2)).toEqual([]);
      expect(await ports(there, 3, "c", "d")).toHaveLength(1);
      expect(await there.publicPorts()).toHaveLength(1);
      const stranger = change({ clusterUuid: "c2", routes: [tcp("a"), tcp("b")] });
      expect(Object.values((await there.apply(stranger)).ports)).toHaveLength(1);
    },
  },
  {
    name: "all that is unused is released at once, but not what waits for a cluster that is away",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(of("c1", 1, [...hostsOf("a", "a", 2), tcp("p")]));
      await world.until(async () => (await found(there, "a0.test")) === "no_route");
      await here.apply(of("c2", 1, [...hostsOf("b", "b", 3), tcp("q")]));
      await here.apply(of("c2", 2, hostsOf("b", "b", 1)));
      expect(await there.releaseUnused("c1-of-another-name")).toBe(0);
      expect(await there.releaseUnused(undefined)).toBe(3);
      const left = await held(here);
      expect(left).toHaveLength(4);
      for (const host of ["a0.test", "a1.test", "b0.test"]) expect(left).toContain(host);
      expect(await there.releaseUnused("c1")).toBe(3);
      expect(await held(here)).toEqual(["b0.test"]);
      expect(await settled(there, "b0.test")).toEqual(["c2/b0.test"]);
    },
  },
];
