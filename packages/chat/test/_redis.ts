/** Redis for tests: one, or a Cluster of three masters, on free ports of the loopback. */
import type { RedisPlace } from "@warren/host/redis-link";
import { privateRedis, privateRedisCluster, programPath } from "@warren/host/testing";

export const REDIS_SERVER = programPath("redis-server");

export interface TestRedis extends AsyncDisposable {
  readonly place: RedisPlace;
  /** As an operator says it. */
  readonly env: Readonly<Record<string, string>>;
  readonly urls: readonly string[];
}

export async function oneRedis(): Promise<TestRedis & Awaited<ReturnType<typeof privateRedis>>> {
  const redis = await privateRedis(REDIS_SERVER!);
  const { url } = redis;
  return { ...redis, place: { kind: "single", url }, env: { REDIS_URL: url }, urls: [url] };
}

export async function redisCluster(): Promise<TestRedis> {
  const cluster = await privateRedisCluster(REDIS_SERVER!);
  const { urls } = cluster;
  return {
    place: { kind: "cluster", urls },
    env: { REDIS_URL: urls.join(","), REDIS_CLUSTER: "true" },
    urls,
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
