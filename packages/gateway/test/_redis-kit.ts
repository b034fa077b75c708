/** Redis servers of the test's own: one, or a Cluster of three, on free ports of the loopback. */
import type { RedisPlace } from "@warren/host/redis-link";
import {
  privateRedis,
  privateRedisCluster,
  programPath,
  redisCommand,
  type PrivateRedis,
} from "@warren/host/testing";

const PROGRAM = programPath("redis-server");
/** Tests that stop, hang and empty Redis need one of their own. */
export const HAS_REDIS = PROGRAM !== undefined;
/** Others can use one that is given: its content is lost. */
export const HAS_SINGLE = HAS_REDIS || process.env["REDIS_URL"] !== undefined;
export const HAS_CLUSTER = HAS_REDIS || process.env["REDIS_CLUSTER_URL"] !== undefined;

export interface RedisBackend extends AsyncDisposable {
  place: RedisPlace;
  servers: readonly PrivateRedis[];
  flush(): Promise<void>;
}

/** One that the test may stop, hang and empty. */
export const ownRedis = () => privateRedis(PROGRAM!);

export async function singleRedis(): Promise<RedisBackend> {
  const url = process.env["REDIS_URL"];
  if (url !== undefined && !HAS_REDIS) return given({ kind: "single", url }, [url]);
  const server = await ownRedis();
  return backend({ kind: "single", url: server.url }, [server]);
}

/** Three masters that share the slots. */
export async function clusterRedis(): Promise<RedisBackend> {
  const urls = process.env["REDIS_CLUSTER_URL"]?.split(",");
  if (urls !== undefined && PROGRAM === undefined) return given({ kind: "cluster", urls }, urls);
  const cluster = await privateRedisCluster(PROGRAM!);
  return backend({ kind: "cluster", urls: cluster.urls }, cluster.nodes);
}

/** A Redis that somebody else runs, by the addresses of all its masters. */
function given(place: RedisPlace, urls: string[]): RedisBackend {
  const flush = async () => {
    const ports = urls.map((url) => Number(new URL(url).port));
    await Promise.all(ports.map((port) => redisCommand(port, ["FLUSHALL"])));
  };
  return { place, servers: [], flush, [Symbol.asyncDispose]: async () => {} };
}

function backend(place: RedisPlace, servers: readonly PrivateRedis[]): RedisBackend {
  return {
    place,
    servers,
    flush: async () => void (await Promise.all(servers.map((one) => one.flush()))),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

/** Looks again and again, for what shows itself only by being asked. */
export async function eventually(
  seen: () => Promise<boolean>,
  { withinMs = 10_000, everyMs = 10 } = {},
): Promise<void> {
  const started = performance.now();
  while (!(await seen())) {
    if (performance.now() - started > withinMs) throw new Error("it never came");
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
