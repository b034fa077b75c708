import { createHash } from "node:crypto";
import { backoff, OPERATIONS, wait, type Clock, type Guard, type Operation } from "@warren/host";
import { createClient, createCluster } from "redis";

/** One Redis, or the first nodes of a Redis Cluster; credentials and TLS as in the URL. */
export type RedisPlace =
  | { readonly kind: "single"; readonly url: string }
  | { readonly kind: "cluster"; readonly urls: readonly string[] };

export interface RedisLinkOptions {
  place: RedisPlace;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Stands between this program and Redis; to be given `BREAKERS.redis` and `classifyRedis`. */
  guard: Guard;
  /** Errors of the connections themselves, for the log. */
  failed: (cause: unknown) => void;
}

type SingleClient = ReturnType<typeof openSingle>;
/** A Cluster's client subscribes as a single one does. */
type RedisClient = SingleClient | ReturnType<typeof openCluster>;

/** A Lua script, known to Redis by its SHA-1 once it has run there. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

const COUNT: Operation = { ...OPERATIONS.redisCommand, name: "redis_count", retries: 0 };
const RECONNECT = { firstMs: 100, capMs: 2_000, heldMs: Infinity };

/**
 * Connections to Redis that come back by themselves. Nothing is queued while one is away: whoever calls is
 * told at once, and goes on without.
 */
export class RedisLink implements AsyncDisposable {
  readonly #options: RedisLinkOptions;
  readonly #client: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #closing = new AbortController();
  readonly #connecting: Promise<void>;
  #isConnected = false;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#client = open(options);
    this.#subscriber = open(options);
    this.#connecting = this.#connectBoth();
  }

  async #connectBoth(): Promise<void> {
    await Promise.all([this.#client, this.#subscriber].map((client) => this.#connect(client)));
    this.#isConnected = !this.#closing.signal.aborted;
  }

  /** Resolves once it has been connected, or is closed. */
  async connected(): Promise<void> {
    await this.#connecting;
  }

  /** Hears what is published there. Subscribes again by itself after a connection was lost. */
  subscribe(channels: readonly string[], heard: (message: string) => void): Promise<unknown> {
    const client = this.#subscriber as SingleClient;
    const all = [...channels];
    return this.#run(OPERATIONS.redisCommand, () => client.subscribe(all, heard));
  }

  unsubscribe(channels: readonly string[], heard: (message: string) => void): Promise<unknown> {
    const client = this.#subscriber as SingleClient;
    const all = [...channels];
    return this.#run(OPERATIONS.redisCommand, () => client.unsubscribe(all, heard));
  }

  /** Sends one command; `key` tells a Cluster where. Rejects while Redis is away. */
  command(key: string, args: readonly string[]): Promise<unknown> {
    return this.#run(OPERATIONS.redisCommand, () => this.#send(key, args));
  }

  /** Sends many at once, none of which is repeated for itself. */
  publish(commands: readonly { key: string; args: readonly string[] }[]): Promise<unknown> {
    const send = () => Promise.all(commands.map(({ key, args }) => this.#send(key, args)));
    return this.#run(OPERATIONS.redisPublish, send);
  }

  /** Runs a script on the one key that it touches. */
  run(what: Script, key: string, args: readonly string[]): Promise<unknown> {
    return this.#evaluate(OPERATIONS.redisCommand, what, [key, ...args]);
  }

  /** The same for a script that counts: it may have run when it seems to have failed, and is not repeated. */
  count(what: Script, key: string, args: readonly string[]): Promise<unknown> {
    return this.#evaluate(COUNT, what, [key, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const client of [this.#client, this.#subscriber]) if (client.isOpen) client.destroy();
    await this.#connecting;
  }

  #evaluate(operation: Operation, { text, sha }: Script, words: [string, ...string[]]) {
    return this.#run(operation, async () => {
      try {
        return await this.#send(words[0], ["EVALSHA", sha, "1", ...words]);
      } catch (cause) {
        if (firstWord(cause) !== "NOSCRIPT") throw cause;
        return await this.#send(words[0], ["EVAL", text, "1", ...words]);
      }
    });
  }

  async #run<T>(operation: Operation, call: () => Promise<T>): Promise<T> {
    // That the first connection takes its time is no failure to be remembered.
    if (!this.#isConnected) throw new Error("Redis is not connected yet");
    return this.#options.guard.run(operation, call, this.#closing.signal);
  }

  #send(key: string, args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    const words = [...args];
    return isCluster(client) ? client.sendCommand(key, false, words) : client.sendCommand(words);
  }

  /** A cluster whose first nodes are all away rejects instead of trying on; a single one never does. */
  async #connect(client: RedisClient): Promise<void> {
    const { random, clock, failed } = this.#options;
    const waits = backoff({ ...RECONNECT, random });
    const { signal } = this.#closing;
    // A client that is destroyed while it connects tells nobody.
    const closed = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    while (!signal.aborted) {
      try {
        const connected = client.connect();
        await Promise.race([connected, closed]);
        connected.catch(() => {});
        return;
      } catch (cause) {
        if (!signal.aborted) failed(cause);
      }
      await wait(clock, waits.next(), signal);
    }
  }
}

/** Answers of Redis begin with an upper-case word that is their code (RESP, simple errors). */
export function firstWord(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  return /^([A-Z]{3,}) /.exec(cause.message)?.[1];
}

function isCluster(client: RedisClient): client is ReturnType<typeof openCluster> {
  return "masters" in client;
}

function open(options: RedisLinkOptions): RedisClient {
  const client = options.place.kind === "single" ? openSingle(options) : openCluster(options);
  client.on("error", options.failed);
  return client;
}

function settings({ random }: RedisLinkOptions) {
  const waits = (retries: number) => Math.min(50 * 2 ** retries, 2_000) * (0.5 + random() / 2);
  return {
    disableOfflineQueue: true,
    pingInterval: 10_000,
    socket: {
      connectTimeout: 2_000,
      reconnectStrategy: (retries: number) => Math.ceil(waits(retries)),
    },
  };
}

function openSingle(options: RedisLinkOptions) {
  const url = options.place.kind === "single" ? options.place.url : "";
  return createClient({ url, RESP: 2, ...settings(options) });
}

function openCluster(options: RedisLinkOptions) {
  const urls = options.place.kind === "cluster" ? options.place.urls : [];
  const { username, password, protocol } = new URL(urls[0]!);
  const { socket, ...others } = settings(options);
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
