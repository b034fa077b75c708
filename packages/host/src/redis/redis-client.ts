import { createClient, createCluster } from "redis";

/** One Redis, or the first nodes of a Redis Cluster; credentials and TLS as in the URL. */
export type RedisPlace =
  | { readonly kind: "single"; readonly url: string }
  | { readonly kind: "cluster"; readonly urls: readonly string[] };

type SingleClient = ReturnType<typeof createSingle>;
type ClusterClient = ReturnType<typeof createMany>;
export type RedisClient = SingleClient | ClusterClient;

/** A client that is not connected yet. `random`: uniform in [0, 1). */
export function createRedis(place: RedisPlace, random: () => number): RedisClient {
  return place.kind === "single" ? createSingle(place.url, random) : createMany(place.urls, random);
}

export function isCluster(client: RedisClient): client is ClusterClient {
  return "masters" in client;
}

/** It listens to channels as a single one does. */
export function listener(client: RedisClient): Pick<SingleClient, "subscribe" | "unsubscribe"> {
  return client as SingleClient;
}

function settings(random: () => number) {
  return {
    disableOfflineQueue: true,
    pingInterval: 10_000,
    socket: {
      connectTimeout: 2_000,
      reconnectStrategy: (retries: number) =>
        Math.ceil(Math.min(50 * 2 ** retries, 1_000) * (0.5 + random() / 2)),
    },
  };
}

function createSingle(url: string, random: () => number) {
  return createClient({ url, RESP: 2, ...settings(random) });
}

function createMany(urls: readonly string[], random: () => number) {
  const { username, password, protocol } = new URL(urls[0]!);
  const { socket, ...others } = settings(random);
  return createCluster({
    RESP: 2,
    rootNodes: urls.map((url) => ({ url })),
    topologyRefreshOnReconnectionAttemptStrategy: 500,
    defaults: {
      ...others,
      socket: protocol === "rediss:" ? { ...socket, tls: true } : socket,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
    },
  });
}
