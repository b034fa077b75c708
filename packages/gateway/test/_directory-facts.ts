/** What every registry's directory and revocations do: see _registry-facts.ts. */
import { expect } from "vitest";
import type { Registry } from "../src/ports.ts";
import type { Fact } from "./_registry-facts.ts";

const gateway = (n: number) => ({
  gatewayId: `gw${n}`,
  agentUrl: `ws://gw${n}:1`,
  peerUrl: `ws://gw${n}:2`,
});
const tunnel = (tunnelId: string, n: number, clusterUuid = "c1") => ({
  tunnelId,
  clusterUuid,
  agentId: "a1",
  gatewayId: `gw${n}`,
  peerUrl: `ws://gw${n}:2`,
  rates: { cluster: { per_second: 100, burst: 1000 }, client: undefined },
});

export const DIRECTORY_FACTS: Fact[] = [
  {
    name: "the directory knows gateways and tunnels of all, until they are withdrawn",
    async holds(world) {
      const [here, there] = world.gateways.map((one) => one.directory) as [
        Registry["directory"],
        Registry["directory"],
      ];
      await here.announceGateway(gateway(1));
      await there.announceGateway(gateway(2));
      await here.announceTunnel(tunnel("t1", 1));
      await there.announceTunnel(tunnel("t2", 2));
      await there.announceTunnel(tunnel("t3", 2, "c2"));
      const ids = async () => (await here.gateways()).map(({ gatewayId }) => gatewayId).toSorted();
      const ofC1 = async () => (await here.tunnelsOf("c1")).map(({ tunnelId }) => tunnelId).sort();
      await world.until(async () => String(await ofC1()) === "t1,t2");
      expect(await ids()).toEqual(["gw1", "gw2"]);
      expect(await here.tunnel("t2")).toEqual(tunnel("t2", 2));
      await there.withdrawTunnel("t2");
      await there.withdrawGateway("gw2");
      await world.until(async () => String(await ofC1()) === "t1");
      expect(await here.tunnel("t2")).toBeUndefined();
      expect(await ids()).toEqual(["gw1"]);
    },
  },
  {
    name: "entries stay while their owner lives",
    async holds(world) {
      const [here, there] = world.gateways;
      await here.directory.announceGateway(gateway(1));
      await here.directory.announceTunnel(tunnel("t1", 1));
      await world.pass(3, async () => undefined);
      expect(await there.directory.gateways()).toHaveLength(1);
      expect(await there.directory.tunnel("t1")).toBeDefined();
      expect(await there.directory.tunnelsOf("c1")).toHaveLength(1);
    },
  },
  {
    name: "a revocation is heard by all, and stays",
    async holds(world) {
      const [here, there] = world.gateways;
      const heard: string[] = [];
      const end = there.revocations.onRevoked((tokenId) => heard.push(tokenId));
      expect(await there.revocations.isRevoked("t")).toBe(false);
      await here.revocations.revoke("t");
      await here.revocations.revoke("t");
      await world.until(async () => heard.length > 0);
      expect(await there.revocations.isRevoked("t")).toBe(true);
      expect(await there.revocations.list()).toEqual(["t"]);
      end();
      await here.revocations.revoke("u");
      await world.until(async () => there.revocations.isRevoked("u"));
      expect(heard).toEqual(["t"]);
    },
  },
];
