/**
 * What every registry does, as one table: each fact gets a world of its own. `gateways` are
 * registries that share what they know (the memory registry is one gateway, under two names).
 */
import { EVERYBODY } from "@warren/wire";
import { expect } from "vitest";
import type { Registry, RouteVerdict } from "../src/ports.ts";
import { asked, change, route, services } from "./_routes-kit.ts";

export interface World {
  gateways: readonly [Registry, Registry];
  /** Waits, in real or virtual time, until `seen` is true; fails after far more than a TTL. */
  until(seen: () => Promise<boolean>): Promise<void>;
  /** Lets at least `ttls` lives of a route pass while `meanwhile` runs again and again. */
  pass(ttls: number, meanwhile: () => Promise<unknown>): Promise<void>;
}

export interface Fact {
  name: string;
  holds: (this: void, world: World) => Promise<void>;
}

export async function found(registry: Registry, host: string, target = "/") {
  return services(await registry.lookup(asked(host, target)));
}

/** The same, once a registry that has just met an empty Redis knows that nobody writes again what was lost. */
export async function settled(registry: Registry, host: string, target = "/") {
  for (;;) {
    const now = await found(registry, host, target);
    if (now !== "overloaded") return now;
  }
}

/** Waits until a look-up gives what is wanted: other gateways hear of a change a moment later. */
export async function sees(world: World, registry: Registry, host: string, want: unknown) {
  await world.until(
    async () => JSON.stringify(await found(registry, host)) === JSON.stringify(want),
  );
}

export const codes = (verdict: RouteVerdict) => verdict.rejected.map(({ code }) => code);
export const on = (...hosts: string[]) =>
  hosts.map((host) => route({ host, service: host.replace(/^\*+/, "any") }));

const snapshots: Fact[] = [
  {
    name: "an unknown host has no route",
    async holds({ gateways: [registry] }) {
      expect(await settled(registry, "a.test")).toBe("no_route");
    },
  },
  {
    name: "filters, mode, endpoint and age are found as published, here and on other gateways",
    async holds(world) {
      const endpoint = { scheme: "https" as const, host: "lb.test", port: 443 };
      const rewrite = { path: { type: "prefix" as const, value: "/v1" } };
      const routes = [
        route({ host: "a.test", filters: { rewrite }, mode: "both", endpoint, age: 5 }),
        route({ host: "b.test", ingress_name: "young", service: "young", age: 2 }),
        route({ host: "b.test", ingress_name: "old", service: "old", age: 1 }),
      ];
      await world.gateways[0].apply(change({ revision: 1, routes }));
      for (const registry of world.gateways) {
        await sees(world, registry, "b.test", ["c1/old"]);
        const answer = await registry.lookup(asked("a.test"));
        if ("refused" in answer) throw new Error(answer.message);
        expect(answer.found.entries[0]!.route).toEqual(routes[0]);
        expect(answer.found.filters).toBeDefined();
      }
    },
  },
  {
    name: "what is published is found, here and on other gateways",
    async holds(world) {
      const [here, there] = world.gateways;
      const verdict = await here.apply(change({ revision: 1, routes: on("a.test", "b.test") }));
      expect(verdict).toEqual({ accepted: 2, rejected: [], revision: 1, ports: {} });
      expect(await settled(here, "a.test")).toEqual(["c1/a.test"]);
      await sees(world, there, "b.test", ["c1/b.test"]);
    },
  },
  {
    name: "a snapshot removes what it leaves out, and leaves other clusters alone",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(change({ revision: 1, routes: on("a.test", "b.test") }));
      await here.apply(change({ clusterUuid: "c2", revision: 1, routes: on("c.test") }));
      await sees(world, there, "a.test", ["c1/a.test"]);
      await here.apply(change({ revision: 2, routes: on("b.test") }));
      expect(await settled(here, "a.test")).toBe("no_route");
      await sees(world, there, "a.test", "no_route");
      expect(await settled(here, "b.test")).toEqual(["c1/b.test"]);
      expect(await settled(here, "c.test")).toEqual(["c2/c.test"]);
    },
  },
  {
    name: "an empty snapshot removes everything of its cluster",
    async holds({ gateways: [here] }) {
      await here.apply(change({ revision: 1, routes: on("a.test") }));
      expect((await here.apply(change({ revision: 2 }))).rejected).toEqual([]);
      expect(await settled(here, "a.test")).toBe("no_route");
      expect(await here.renew("c1")).toBe(0);
    },
  },
  {
    name: "a late older snapshot is refused, also by another gateway, and says what is in force",
    async holds({ gateways: [here, there] }) {
      await here.apply(change({ revision: 7, routes: on("a.test") }));
      for (const registry of [here, there]) {
        const verdict = await registry.apply(change({ revision: 6, routes: on("b.test") }));
        expect([verdict.accepted, codes(verdict), verdict.revision]).toEqual([
          0,
          ["stale_revision"],
          7,
        ]);
        expect(codes(await registry.apply(change({ revision: 6 })))).toEqual(["stale_revision"]);
      }
      expect(await settled(here, "a.test")).toEqual(["c1/a.test"]);
    },
  },
  {
    name: "the same message twice changes nothing",
    async holds({ gateways: [here, there] }) {
      const message = change({ revision: 3, routes: on("a.test") });
      const first = await here.apply(message);
      const [before] = await here.routes({ after: undefined, limit: 10 });
      expect(await there.apply(message)).toEqual(first);
      expect(await here.apply(message)).toEqual(first);
      expect(await here.routes({ after: undefined, limit: 10 })).toEqual([before]);
    },
  },
  {
    name: "add and update keep the rest, delete takes one key alone",
    async holds({ gateways: [here] }) {
      const two = [route({ ingress_name: "one" }), route({ ingress_name: "two", service: "two" })];
      await here.apply(change({ action: "sync", revision: 1, routes: [two[0]!] }));
      await here.apply(change({ action: "add", revision: 2, routes: [two[1]!] }));
      expect(await settled(here, "a.test")).toEqual(["c1/web", "c1/two"]);
      const moved = { ...two[0]!, service: "new" };
      await here.apply(change({ action: "update", revision: 3, routes: [moved] }));
      expect(await settled(here, "a.test")).toEqual(["c1/new", "c1/two"]);
      await here.apply(change({ action: "delete", revision: 4, routes: [two[1]!] }));
      expect(await settled(here, "a.test")).toEqual(["c1/new"]);
      const again = change({ action: "delete", revision: 5, routes: [two[1]!] });
      expect((await here.apply(again)).accepted).toBe(1);
    },
  },
  {
    name: "a message without a revision is taken as it comes",
    async holds({ gateways: [here] }) {
      await here.apply(change({ revision: 5, routes: on("a.test") }));
      const verdict = await here.apply(change({ action: "add", routes: on("b.test") }));
      expect([verdict.accepted, verdict.revision]).toEqual([1, 5]);
    },
  },
];

const claims: Fact[] = [
  {
    name: "the first group keeps a host, another gets host_taken and its other routes live",
    async holds({ gateways: [here, there] }) {
      await here.apply(change({ routes: on("a.test") }));
      const verdict = await there.apply(
        change({ clusterUuid: "c2", routes: on("a.test", "b.test") }),
      );
      expect(verdict.accepted).toBe(1);
      expect(verdict.rejected).toMatchObject([{ host: "a.test", path: "/", code: "host_taken" }]);
      expect(await settled(there, "a.test")).toEqual(["c1/a.test"]);
      expect(await settled(there, "b.test")).toEqual(["c2/b.test"]);
    },
  },
  {
    name: "of two gateways' claims at once exactly one wins",
    async holds({ gateways: [here, there] }) {
      const hosts = Array.from({ length: 20 }, (_, n) => `h${n}.test`);
      const [one, two] = await Promise.all([
        here.apply(change({ clusterUuid: "c1", routes: on(...hosts) })),
        there.apply(change({ clusterUuid: "c2", routes: on(...hosts) })),
      ]);
      expect(one.accepted + two.accepted).toBe(20);
      expect(await here.claims()).toHaveLength(20);
    },
  },
  {
    name: "clusters of one group share a host, in the order in which they came",
    async holds(world) {
      const [here, there] = world.gateways;
      const group = "shared";
      await here.apply(change({ clusterUuid: "c2", group, routes: on("a.test") }));
      await there.apply(change({ clusterUuid: "c1", group, routes: on("a.test") }));
      await here.apply(change({ clusterUuid: "c2", group, routes: on("a.test") }));
      await sees(world, here, "a.test", ["c2/a.test", "c1/a.test"]);
      await here.apply(change({ clusterUuid: "c2", group, revision: 9 }));
      await sees(world, there, "a.test", ["c1/a.test"]);
    },
  },
  {
    name: "a host counts as served while some route of it lets somebody in",
    async holds({ gateways: [here] }) {
      const deny = [...EVERYBODY];
      const shut = route({ host: "a.test", path: "/admin", policy: { deny } });
      const served = async () => (await here.claimOf("a.test"))?.served;
      await here.apply(change({ revision: 1, routes: [shut] }));
      expect(await served()).toBe(false);
      await here.apply(change({ revision: 2, routes: [shut, ...on("a.test")] }));
      expect(await served()).toBe(true);
      await here.apply(change({ revision: 3, routes: [{ ...shut, policy: on("b")[0]!.policy }] }));
      expect(await served()).toBe(true);
      await here.apply(change({ revision: 4, routes: [shut] }));
      expect(await served()).toBe(false);
    },
  },
  {
    name: "a claim outlives its routes until it is released",
    async holds({ gateways: [here, there] }) {
      await here.apply(change({ revision: 1, routes: on("a.test") }));
      await here.apply(change({ revision: 2 }));
      const other = change({ clusterUuid: "c2", routes: on("a.test") });
      expect(codes(await there.apply(other))).toEqual(["host_taken"]);
      expect(await there.claims()).toMatchObject([
        { host: "a.test", group: "c1", clusterUuid: "c1", tokenId: "token-of-c1" },
      ]);
      expect(await there.release("a.test")).toBe(true);
      expect(await there.release("a.test")).toBe(false);
      expect(codes(await there.apply(other))).toEqual([]);
      expect(await settled(there, "a.test")).toEqual(["c2/a.test"]);
    },
  },
  {
    name: "a revoked token's claims end, those that another cluster shares stay",
    async holds({ gateways: [here] }) {
      await here.apply(change({ group: "g", routes: on("a.test", "b.test") }));
      const second = change({ clusterUuid: "c2", group: "g", routes: on("b.test") });
      await here.apply({ ...second, tokenId: "token-of-c1" });
      await here.revocations.revoke("token-of-c1");
      expect((await here.claims()).map(({ host }) => host)).toEqual(["b.test"]);
    },
  },
  {
    name: "a host that the token does not cover is not allowed",
    async holds({ gateways: [here] }) {
      const routes = on("x.a.test", "*.a.test", "**.a.test", "y.x.a.test");
      const verdict = await here.apply(change({ allowed: ["*.a.test"], routes }));
      expect(verdict.accepted).toBe(2);
      expect(verdict.rejected.map(({ host, code }) => [host, code])).toEqual([
        ["**.a.test", "host_not_allowed"],
        ["y.x.a.test", "host_not_allowed"],
      ]);
    },
  },
  {
    name: "exact host before one label before any depth, the longest suffix first",
    async holds({ gateways: [here] }) {
      await here.apply(change({ routes: on("x.a.test", "*.a.test", "**.b.test", "**.test") }));
      const table = {
        "x.a.test": "x.a.test",
        "y.a.test": "any.a.test",
        "z.y.b.test": "any.b.test",
        "a.test": "any.test",
      };
      for (const [host, want] of Object.entries(table)) {
        expect(await settled(here, host)).toEqual([`c1/${want}`]);
      }
      expect(await settled(here, "test")).toBe("no_route");
    },
  },
  {
    name: "a claimed host does not fall through to another's wildcard",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(change({ clusterUuid: "c2", routes: on("**.test") }));
      await here.apply(change({ revision: 1, routes: on("a.test") }));
      await sees(world, there, "a.test", ["c1/a.test"]);
      await here.apply(change({ revision: 2 }));
      await sees(world, there, "a.test", "no_route");
      await sees(world, there, "b.test", ["c2/any.test"]);
    },
  },
];

const lives: Fact[] = [
  {
    name: "routes without a heartbeat go after their time, claims stay",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(change({ routes: on("a.test") }));
      await sees(world, there, "a.test", ["c1/a.test"]);
      await world.until(async () => (await found(here, "a.test")) === "no_route");
      await sees(world, there, "a.test", "no_route");
      expect(await here.claims()).toHaveLength(1);
    },
  },
  {
    name: "heartbeats keep them, and count them",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.apply(change({ routes: on("a.test", "b.test") }));
      await world.pass(3, async () => expect(await here.renew("c1")).toBe(2));
      expect(await settled(here, "a.test")).toEqual(["c1/a.test"]);
      expect(await settled(there, "b.test")).toEqual(["c1/b.test"]);
      expect(await there.renew("c1")).toBe(2);
      expect(await there.renew("nobody")).toBe(0);
    },
  },
  {
    name: "a cluster is offline at once and keeps its routes",
    async holds(world) {
      const [here, there] = world.gateways;
      expect(here.presence("c1")).toBeUndefined();
      await here.apply(change({ routes: on("a.test") }));
      await here.setOnline("c1", true);
      await world.until(async () => there.presence("c1")?.online === true);
      await here.setOnline("c1", false);
      expect(here.presence("c1")?.online).toBe(false);
      await world.until(async () => there.presence("c1")?.online === false);
      expect(await settled(there, "a.test")).toEqual(["c1/a.test"]);
    },
  },
  {
    name: "a cluster is public where an agent says so, and stays so while it is away",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.setOnline("c1", true);
      await world.until(async () => there.presence("c1")?.online === true);
      expect(there.presence("c1")?.isPublic).toBeUndefined();
      await here.setOnline("c1", true, true);
      await world.until(async () => there.presence("c1")?.isPublic === true);
      await world.pass(3, async () => expect(there.presence("c1")?.isPublic).toBe(true));
      await here.setOnline("c1", false);
      await world.until(async () => there.presence("c1")?.online === false);
      expect(there.presence("c1")?.isPublic).toBe(true);
      await here.setOnline("c1", true, false);
      await world.until(async () => there.presence("c1")?.isPublic === false);
    },
  },
  {
    name: "routes come page by page in host order",
    async holds({ gateways: [here, there] }) {
      await here.apply(change({ routes: on("c.test", "a.test", "b.test") }));
      const first = await there.routes({ after: undefined, limit: 2 });
      expect(first.map((one) => one.route.host)).toEqual(["a.test", "b.test"]);
      const rest = await there.routes({ after: "b.test", limit: 2 });
      expect(rest.map((one) => one.route.host)).toEqual(["c.test"]);
    },
  },
];

const tcp = (service: string, public_port?: number) =>
  route({ host: "", kind: "tcp", service, ...(public_port && { public_port }) });

const connections: Fact[] = [
  {
    name: "passthrough routes are found by server name and not by HTTP",
    async holds({ gateways: [here] }) {
      const passthrough = route({ host: "*.a.test", kind: "passthrough" });
      await here.apply(change({ routes: [passthrough, route({ host: "b.test" })] }));
      expect(services(await here.lookupServerName("x.a.test"))).toEqual(["c1/web"]);
      expect(await settled(here, "x.a.test")).toBe("misdirected");
      expect(services(await here.lookupServerName("b.test"))).toBe("no_route");
    },
  },
  {
    name: "a tcp route gets the port it asks for, or a free one that it keeps",
    async holds(world) {
      const [here, there] = world.gateways;
      const wanted = route({ host: "", kind: "tcp", service: "db", public_port: 7001 });
      const any = route({ host: "", kind: "tcp", service: "any" });
      let changes = 0;
      there.onPublicPorts(() => (changes += 1));
      const first = await here.apply(change({ routes: [wanted, any] }));
      expect(Object.values(first.ports)).toEqual([7001, 7000]);
      await world.until(async () => String(await there.publicPorts()) === "7000,7001");
      expect(changes).toBeGreaterThan(0);
      expect(services(await there.lookupPort(7000))).toEqual(["c1/any"]);
      await here.apply(change({ routes: [] }));
      await here.apply(change({ clusterUuid: "c2", routes: [any] }));
      const again = await here.apply(change({ routes: [any] }));
      expect(Object.values(again.ports)).toEqual([7000]);
    },
  },
  {
    name: "a port is claimed like a host, is within the range, and ends with it",
    async holds({ gateways: [here, there] }) {
      await here.apply(change({ routes: [tcp("db", 7001)] }));
      const other = change({ clusterUuid: "c2", routes: [tcp("x", 7001), tcp("y", 99)] });
      expect(codes(await there.apply(other)).toSorted()).toEqual(["host_taken", "invalid_route"]);
      const forbidden = await there.apply({ ...other, tcpAllowed: false });
      expect(codes(forbidden)).toEqual(["forbidden", "forbidden"]);
      const many = change({ clusterUuid: "c3", routes: ["a", "b", "c"].map((name) => tcp(name)) });
      expect(codes(await here.apply(many))).toEqual(["overloaded"]);
    },
  },
];

export const ROUTE_FACTS: Fact[] = [...snapshots, ...claims, ...lives, ...connections];
