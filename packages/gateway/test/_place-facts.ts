/** What every registry finds where a route changes its place, or is the last one there: see _registry-facts.ts. */
import { expect } from "vitest";
import { found, settled, type Fact } from "./_registry-facts.ts";
import { asked, change, route } from "./_routes-kit.ts";

const HOST = "a.test";
const admin = (given: Parameters<typeof route>[0]) =>
  route({ path: "/admin", path_type: "ImplementationSpecific", ...given });
const guarded = { allow: ["10.0.0.0/8"] };

export const PLACE_FACTS: Fact[] = [
  {
    name: "a route that a controller reads no more is found as it is now, and is gone when it is deleted",
    async holds({ gateways: [registry] }) {
      await settled(registry, HOST);
      const before = admin({ controller: "paths" });
      await registry.apply(change({ revision: 1, routes: [before] }));
      const after = admin({ policy: { ...before.policy, ...guarded } });
      await registry.apply(change({ action: "update", revision: 2, routes: [after] }));
      const answer = await registry.lookup(asked(HOST, "/admin"));
      expect(answer).toMatchObject({ found: { policy: guarded } });
      await registry.apply(change({ action: "delete", revision: 3, routes: [after] }));
      expect(await found(registry, HOST, "/admin")).toBe("no_route");
      expect(await registry.claimOf(HOST)).toMatchObject({ served: false });
    },
  },
  {
    name: "an expression that is one no more has no say in how the host's other paths are read",
    async holds({ gateways: [registry] }) {
      await settled(registry, HOST);
      const open = route({ path: "/", ingress_name: "open", controller: "paths" });
      const before = admin({ path: "/.*", controller: "expressions" });
      const policy = { ...before.policy, ...guarded };
      const routes = [open, { ...before, policy }];
      await registry.apply(change({ revision: 1, routes }));
      expect(await registry.lookup(asked(HOST, "/x"))).toMatchObject({
        found: { policy: guarded },
      });
      const { controller: _, ...after } = before;
      await registry.apply(
        change({ action: "update", revision: 2, routes: [{ ...after, policy }] }),
      );
      const answer = await registry.lookup(asked(HOST, "/x"));
      expect(answer).toMatchObject({ found: { policy: open.policy } });
    },
  },
  {
    name: "a host whose last route goes is its own group's wildcard's again, and nobody else's",
    async holds(world) {
      const [here, there] = world.gateways;
      const sees = (host: string, want: unknown) =>
        world.until(async () => JSON.stringify(await found(there, host)) === JSON.stringify(want));
      const wild = route({ host: "*.apps.test", service: "wild" });
      const wider = route({ host: "**.test", service: "wider" });
      const one = route({ host: "one.apps.test", service: "one" });
      await settled(here, "one.apps.test");
      await here.apply(change({ revision: 1, routes: [wild, one] }));
      await here.apply(change({ clusterUuid: "c2", routes: [wider] }));
      await sees("one.apps.test", ["c1/one"]);
      await here.apply(change({ action: "delete", revision: 2, routes: [one] }));
      await sees("one.apps.test", ["c1/wild"]);
      expect(await here.claimOf("one.apps.test")).toMatchObject({
        pattern: "*.apps.test",
        unused: {},
      });
      await here.apply(change({ action: "add", revision: 3, routes: [one] }));
      await sees("one.apps.test", ["c1/one"]);
      await here.apply(change({ revision: 4 }));
      await sees("one.apps.test", "no_route");
    },
  },
];
