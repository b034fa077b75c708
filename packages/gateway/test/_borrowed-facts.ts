/** Hosts that a group may shut and no more, as one table beside the other facts. */
import { EVERYBODY } from "@warren/wire";
import { expect } from "vitest";
import { codes, on, sees, type Fact } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

const isBorrowed = (host: string) => host === "a.test";

export const BORROWED_FACTS: Fact[] = [
  {
    name: "a host that is borrowed gives way to whose it is, and to nobody who borrows it too",
    async holds(world) {
      const [here, there] = world.gateways;
      const shut = route({ host: "a.test", policy: { deny: [...EVERYBODY] } });
      const borrows = (clusterUuid: string) => change({ clusterUuid, routes: [shut], isBorrowed });
      await here.apply(borrows("c1"));
      expect(await here.claimOf("a.test")).toMatchObject({ group: "c1", borrowed: true });
      expect(codes(await there.apply(borrows("c2")))).toEqual(["host_taken"]);
      const own = change({ clusterUuid: "c3", routes: on("a.test", "b.test") });
      expect(codes(await there.apply(own))).toEqual([]);
      for (const registry of [here, there]) await sees(world, registry, "a.test", ["c3/a.test"]);
      expect(await there.claimOf("a.test")).not.toHaveProperty("borrowed");
      expect(codes(await here.apply(borrows("c1")))).toEqual(["host_taken"]);
      expect(await here.claims()).toMatchObject([{ group: "c3" }, { group: "c3" }]);
    },
  },
  {
    name: "a host that is a group's own after all is borrowed no more, nor ever again",
    async holds({ gateways: [here, there] }) {
      const shut = route({ host: "a.test", policy: { deny: [...EVERYBODY] } });
      await here.apply(change({ revision: 1, routes: [shut], isBorrowed }));
      await here.apply(change({ revision: 2, routes: [shut] }));
      await here.apply(change({ revision: 3, routes: [shut], isBorrowed }));
      expect(await here.claims()).toMatchObject([{ host: "a.test", tokenId: "token-of-c1" }]);
      expect((await here.claims())[0]).not.toHaveProperty("borrowed");
      const other = change({ clusterUuid: "c2", routes: on("a.test") });
      expect(codes(await there.apply(other))).toEqual(["host_taken"]);
    },
  },
];
