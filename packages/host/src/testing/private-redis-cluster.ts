import { setTimeout as later } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { privateRedis, type PrivateRedis } from "./private-redis.ts";

export interface PrivateRedisCluster extends AsyncDisposable {
  readonly nodes: readonly PrivateRedis[];
  readonly urls: readonly string[];
}

const SLOTS = ["0 5460", "5461 10922", "10923 16383"];
/** How often the nodes are asked whether they have met. */
const LOOK_MS = 50;

/** A Redis Cluster of the test's own: three masters that share the slots. */
export async function privateRedisCluster(program: string): Promise<PrivateRedisCluster> {
  await using opened = new AsyncDisposableStack();
  const nodes = await Promise.all(
    SLOTS.map(async () => {
      const bus = String(await freePort());
      const settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
      const node = await privateRedis(program, [...settings, "--cluster-port", bus]);
      return { bus, node: opened.use(node) };
    }),
  );
  await meet(nodes);
  const owned = opened.move();
  return {
    nodes: nodes.map(({ node }) => node),
    urls: nodes.map(({ node }) => node.url),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Member {
  readonly node: PrivateRedis;
  readonly bus: string;
}

async function meet(members: readonly Member[]): Promise<void> {
  for (const [at, { node }] of members.entries()) {
    await node.command("CLUSTER", "SET-CONFIG-EPOCH", String(at + 1));
    await node.command("CLUSTER", "ADDSLOTSRANGE", ...SLOTS[at]!.split(" "));
  }
  const [first, ...others] = members;
  // Redis tells of it only when it is asked, and may miss that it was to meet another.
  for (let look = 0; !(await areWhole(members)); look++) {
    for (const { node, bus } of look % 20 === 0 ? others : []) {
      await first!.node.command("CLUSTER", "MEET", "127.0.0.1", String(node.port), bus);
    }
    await later(LOOK_MS);
  }
}

async function areWhole(members: readonly Member[]): Promise<boolean> {
  const infos = await Promise.all(members.map(({ node }) => node.command("CLUSTER", "INFO")));
  return infos
    .map(String)
    .every((info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info));
}
