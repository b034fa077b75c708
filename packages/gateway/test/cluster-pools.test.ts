import { expect, test } from "vitest";
import { ClusterPools } from "../src/tunnels/cluster-pools.ts";

const MIB = 1_048_576;
const pools = () => new ClusterPools({ poolBytes: 16 * MIB, gatewayPoolBytes: 256 * MIB });

test("a cluster of 1,000 greedy tunnels leaves another one what its tunnel may have", () => {
  const all = pools();
  const hostile = Array.from({ length: 1_000 }, () => all.open("hostile"));
  for (let n = 0; n < 20; n++) for (const pool of hostile) pool.borrow(16 * MIB);
  expect(all.gateway.lentBytes).toBeLessThanOrEqual(128 * MIB);
  const honest = all.open("honest");
  expect(honest.borrow(MIB)).toBe(MIB);
  for (let n = 0; n < 20; n++) honest.borrow(MIB);
  expect(honest.lentBytes).toBeGreaterThan(15 * MIB);
});

test("a cluster's pool is forgotten with its last tunnel", () => {
  const all = pools();
  const opened = ["a", "a", "b"].map((uuid) => ({ uuid, pool: all.open(uuid) }));
  for (const { pool } of opened) pool.borrow(MIB);
  expect([all.clusters, all.gateway.lentBytes]).toEqual([2, 3 * MIB]);
  for (const { uuid, pool } of opened) {
    pool.giveBack(pool.lentBytes);
    all.close(uuid);
  }
  expect([all.clusters, all.gateway.lentBytes]).toEqual([0, 0]);
});
