/** What every registry does about quotas, as one table beside the other facts. */
import { EVERYBODY } from "@warren/wire";
import { expect } from "vitest";
import type { RouteVerdict } from "../src/ports.ts";
import type { Quotas } from "../src/registry/quotas.ts";
import { settled, type Fact } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

/** What these facts' registries allow, out of 3 ports. */
export const FACT_QUOTAS: Quotas = {
  clusterRoutes: 4,
  clusterBytes: 4_500,
  routeBytes: 3_000,
  groupClaims: 6,
  groupPorts: 2,
};

const hosts = (...names: string[]) =>
  names.map((name) => route({ host: `${name}.test`, ingress_name: name }));
const hostsIn = (namespace: string, ...names: string[]) =>
  hosts(...names).map((one) => ({ ...one, namespace }));
const shut = (host: string, ...paths: string[]) =>
  hosts(host).flatMap((one) => {
    const policy = { ...one.policy, deny: [...EVERYBODY] };
    return paths.map((path) => ({ ...one, path, policy }));
  });
/** A route of so many bytes as JSON. */
function sized(name: string, bytes: number) {
  const padded = (note: string) => route({ host: `${name}.test`, annotations: { note } });
  return padded("x".repeat(bytes - JSON.stringify(padded("")).length));
}
const tcp = (service: string, public_port?: number) =>
  route({ host: "", kind: "tcp", service, ...(public_port && { public_port }) });
const add = (...routes: ReturnType<typeof route>[]) => change({ action: "add", routes });
const refusedBy = ({ rejected }: RouteVerdict) =>
  rejected.map(({ host, code }) => `${host} ${code}`);

const routes: Fact[] = [
  {
    name: "a snapshot beyond the quota keeps its first routes, and says which it does not",
    async holds({ gateways: [here] }) {
      const verdict = await here.apply(change({ routes: hosts("a", "b", "c", "d", "e", "f") }));
      expect(verdict.accepted).toBe(4);
      expect(refusedBy(verdict)).toEqual(["e.test quota_exceeded", "f.test quota_exceeded"]);
      expect(await settled(here, "d.test")).toEqual(["c1/web"]);
      expect(await settled(here, "e.test")).toBe("no_route");
    },
  },
  {
    name: "a namespace that has very many leaves room for the others, whoever comes first",
    async holds({ gateways: [here] }) {
      const many = hostsIn("evil", "a", "b", "c", "d", "e", "f");
      const verdict = await here.apply(change({ routes: [...many, ...hostsIn("shop", "s", "t")] }));
      const refused = ["c", "d", "e", "f"].map((name) => `${name}.test quota_exceeded`);
      expect(refusedBy(verdict)).toEqual(refused);
      expect(await settled(here, "t.test")).toEqual(["c1/web"]);
    },
  },
  {
    name: "of one namespace's routes the oldest objects' are taken",
    async holds({ gateways: [here] }) {
      const aged = hosts("a", "b", "c", "d", "e").map((one, at) => ({ ...one, age: 9 - at }));
      expect(refusedBy(await here.apply(change({ routes: aged })))).toEqual([
        "a.test quota_exceeded",
      ]);
    },
  },
  {
    name: "what a cluster has is not driven out by what is new",
    async holds({ gateways: [here, there] }) {
      await here.apply(change({ revision: 1, routes: hosts("x", "y") }));
      const more = change({ revision: 2, routes: hosts("a", "b", "c", "x", "y") });
      for (const registry of [here, there])
        expect(refusedBy(await registry.apply(more))).toEqual(["c.test quota_exceeded"]);
      expect(await settled(here, "y.test")).toEqual(["c1/web"]);
    },
  },
  {
    name: "who comes late to a full quota has a turn with the next snapshot, and keeps it",
    async holds({ gateways: [here, there] }) {
      const evil = hostsIn("evil", "a", "b", "c", "d");
      const shop = hostsIn("shop", "s", "t", "u");
      await here.apply(change({ revision: 1, routes: evil }));
      const late = await there.apply(add(...shop));
      expect(refusedBy(late)).toHaveLength(3);
      const refused = ["c", "d", "u"].map((name) => `${name}.test quota_exceeded`);
      for (const [at, registry] of [here, there, here].entries()) {
        const all = change({ revision: 2 + Math.min(at, 1), routes: [...evil, ...shop] });
        expect(refusedBy(await registry.apply(all)).toSorted()).toEqual(refused);
      }
      expect(await settled(here, "t.test")).toEqual(["c1/web"]);
      expect(await settled(here, "b.test")).toEqual(["c1/web"]);
      expect(await settled(here, "c.test")).toBe("no_route");
    },
  },
  {
    name: "within a turn, too, what is there stays",
    async holds({ gateways: [here] }) {
      const two = hostsIn("evil", "a", "b");
      await here.apply(change({ routes: [...two, ...hostsIn("shop", "s", "t")] }));
      const young = hostsIn("old", "x", "y").map((one) => ({ ...one, age: 1 }));
      const aged = [...two, ...hostsIn("shop", "s", "t")].map((one) => ({ ...one, age: 2 }));
      const verdict = await here.apply(change({ routes: [...young, ...aged] }));
      expect(refusedBy(verdict).toSorted()).toEqual([
        "t.test quota_exceeded",
        "y.test quota_exceeded",
      ]);
    },
  },
  {
    name: "a place that is shut is shut however full its cluster is",
    async holds({ gateways: [here, there] }) {
      const full = hosts("a", "b", "c", "d");
      await here.apply(change({ revision: 1, routes: full }));
      expect(refusedBy(await there.apply(add(...shut("a", "/x0"))))).toEqual([]);
      expect(refusedBy(await there.apply(add(...hosts("f"))))).toEqual(["f.test quota_exceeded"]);
      const paths = Array.from({ length: 8 }, (_, at) => `/x${at}`);
      const more = shut("a", ...paths, "/too-many");
      for (const registry of [here, there]) {
        const { rejected } = await registry.apply(
          change({ revision: 2, routes: [...more, ...full] }),
        );
        expect(rejected).toMatchObject([{ path: "/too-many", code: "quota_exceeded" }]);
      }
      expect(await settled(here, "d.test")).toEqual(["c1/web"]);
    },
  },
  {
    name: "a route is added, and changed, beside whatever number of places that are shut",
    async holds({ gateways: [here, there] }) {
      const paths = Array.from({ length: 6 }, (_, at) => `/x${at}`);
      await here.apply(change({ revision: 1, routes: [...hosts("a"), ...shut("a", ...paths)] }));
      expect(refusedBy(await there.apply(add(...hosts("b", "c", "d"))))).toEqual([]);
      expect(refusedBy(await here.apply(add(...hosts("e"))))).toEqual(["e.test quota_exceeded"]);
      const opened = hosts("a").flatMap((one) => paths.map((path) => ({ ...one, path })));
      for (const message of [add(...opened), change({ revision: 2, routes: opened })]) {
        const { rejected } = await there.apply(message);
        expect(rejected).toHaveLength(message.action === "sync" ? 2 : 6);
      }
      expect(await settled(here, "a.test", "/x1")).toEqual(["c1/web"]);
    },
  },
  {
    name: "routes added one at a time end at the quota; what is there can be said again",
    async holds({ gateways: [here, there] }) {
      const verdicts: string[][] = [];
      for (const [at, one] of hosts("a", "b", "c", "d", "e").entries())
        verdicts.push(refusedBy(await [here, there][at % 2]!.apply(add(one))));
      expect(verdicts).toEqual([[], [], [], [], ["e.test quota_exceeded"]]);
      const moved = { ...hosts("a")[0]!, service: "new" };
      const again = change({ action: "update", routes: [moved, ...hosts("b")] });
      expect(refusedBy(await there.apply(again))).toEqual([]);
      expect(await settled(there, "a.test")).toEqual(["c1/new"]);
    },
  },
  {
    name: "of what two gateways hear at once no more than the quota is taken",
    async holds({ gateways: [here, there] }) {
      const names = Array.from({ length: 6 }, (_, n) => `h${n}`);
      const said = names.map((name, at) => [here, there][at % 2]!.apply(add(...hosts(name))));
      const taken = (await Promise.all(said)).filter(({ accepted }) => accepted === 1);
      expect(taken).toHaveLength(4);
      expect(await here.routes({ after: undefined, limit: 10 })).toHaveLength(4);
    },
  },
  {
    name: "a quota is each cluster's own",
    async holds({ gateways: [here] }) {
      await here.apply(change({ group: "g", routes: hosts("a", "b", "c", "d") }));
      const other = change({ clusterUuid: "c2", group: "g", routes: hosts("a", "b", "c", "d") });
      expect((await here.apply(other)).rejected).toEqual([]);
    },
  },
  {
    name: "what is deleted, left out, released or expired makes room",
    async holds(world) {
      const [here, there] = world.gateways;
      const full = async (name: string) =>
        (await there.apply(add(...hosts(name)))).rejected.length === 1;
      await here.apply(change({ revision: 1, routes: hosts("a", "b", "c", "d") }));
      expect(await full("e")).toBe(true);
      await here.apply(change({ action: "delete", routes: hosts("a", "a") }));
      expect([await full("e"), await full("f")]).toEqual([false, true]);
      await here.apply(change({ revision: 2, routes: hosts("b", "c", "e") }));
      expect([await full("f"), await full("g")]).toEqual([false, true]);
      await there.release("f.test");
      expect([await full("g"), await full("h")]).toEqual([false, true]);
      expect(await full("a")).toBe(true);
      await world.pass(1.5, async () => {});
      expect(await full("a")).toBe(false);
    },
  },
  {
    name: "a route that is too large is refused alone, and so is what makes all too large",
    async holds({ gateways: [here] }) {
      const first = await here.apply(change({ routes: [sized("a", 3_001), sized("b", 2_000)] }));
      expect(refusedBy(first)).toEqual(["a.test quota_exceeded"]);
      const second = await here.apply(add(sized("c", 1_700), sized("d", 900)));
      expect(refusedBy(second)).toEqual(["d.test quota_exceeded"]);
      const grown = await here.apply(add(sized("b", 2_900)));
      expect(refusedBy(grown)).toEqual(["b.test quota_exceeded"]);
      const shrunk = await here.apply(add(sized("d", 900), sized("b", 1_500)));
      expect(refusedBy(shrunk)).toEqual([]);
    },
  },
];

const claims: Fact[] = [
  {
    name: "a group holds no more hosts than it may, over all its clusters; others are not concerned",
    async holds({ gateways: [here, there] }) {
      const group = "g";
      await here.apply(change({ clusterUuid: "c1", group, routes: hosts("a", "b", "c", "d") }));
      const more = change({ clusterUuid: "c2", group, routes: hosts("a", "e", "f", "h") });
      expect(refusedBy(await there.apply(more))).toEqual(["h.test quota_exceeded"]);
      expect(await here.claims()).toHaveLength(6);
      const other = change({ clusterUuid: "c3", routes: hosts("h") });
      expect(refusedBy(await there.apply(other))).toEqual([]);
    },
  },
  {
    name: "a host that another group owns counts for nothing",
    async holds({ gateways: [here, there] }) {
      await here.apply(change({ clusterUuid: "c2", routes: hosts("a", "b", "c", "d") }));
      await there.apply(change({ revision: 1, routes: hosts("e", "f", "g", "h") }));
      const mixed = change({ revision: 2, routes: hosts("a", "b", "i", "j") });
      expect(refusedBy(await there.apply(mixed))).toEqual([
        "a.test host_taken",
        "b.test host_taken",
      ]);
      const rest = change({ revision: 3, routes: hosts("e", "f", "i", "j") });
      expect(refusedBy(await there.apply(rest))).toEqual([]);
    },
  },
  {
    name: "a host that was borrowed and gave way counts no more, and neither do its routes",
    async holds({ gateways: [here, there] }) {
      const paths = Array.from({ length: 8 }, (_, at) => `/x${at}`);
      const lent = { ...add(...shut("a", ...paths)), isBorrowed: () => true };
      expect(refusedBy(await here.apply(lent))).toEqual([]);
      const full = add(...shut("b", "/"));
      expect(refusedBy(await here.apply(full))).toEqual(["b.test quota_exceeded"]);
      const owns = change({ clusterUuid: "c2", routes: hosts("a") });
      expect(refusedBy(await there.apply(owns))).toEqual([]);
      expect(refusedBy(await here.apply(full))).toEqual([]);
    },
  },
  {
    name: "of two gateways' claims at once no more than the quota are made",
    async holds({ gateways: [here, there] }) {
      const group = "g";
      const sets = [hosts("a", "b", "c", "d"), hosts("e", "f", "h", "i")];
      await Promise.all(
        sets.map((some, at) =>
          [here, there][at]!.apply(change({ clusterUuid: `c${at}`, group, routes: some })),
        ),
      );
      expect(await here.claims()).toHaveLength(6);
    },
  },
];

const ports: Fact[] = [
  {
    name: "a group leaves the rest of the ports to others, whether it names them or not",
    async holds({ gateways: [here, there] }) {
      const greedy = change({ revision: 1, routes: [tcp("a"), tcp("b", 7001), tcp("c")] });
      const verdict = await here.apply(greedy);
      expect(new Set(Object.values(verdict.ports))).toEqual(new Set([7000, 7001]));
      expect(refusedBy(verdict)).toEqual([" quota_exceeded"]);
      const named = await there.apply(add(tcp("d", 7002)));
      expect(refusedBy(named)).toEqual([" quota_exceeded"]);
      const other = await there.apply(change({ clusterUuid: "c2", routes: [tcp("a")] }));
      expect(Object.values(other.ports)).toEqual([7002]);
    },
  },
];

export const QUOTA_FACTS: Fact[] = [...routes, ...claims, ...ports];
