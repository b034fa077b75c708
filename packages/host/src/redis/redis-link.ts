import { createHash } from "node:crypto";
import { wait, type Clock } from "../clock.ts";
import { backoff } from "../retry.ts";
import { createRedis, isCluster, listener, type RedisPlace } from "./redis-client.ts";
import type { RedisClient } from "./redis-client.ts";

export type { RedisPlace } from "./redis-client.ts";

export interface RedisLinkOptions {
  readonly place: RedisPlace;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Errors of the connections themselves, for the log. */
  readonly failed: (cause: unknown) => void;
  /** Commands find Redis, for the first time or again. */
  readonly connected: () => void;
}

/** A Lua script, known to Redis by its SHA-1 once it has run there. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

const RECONNECT = { firstMs: 100, capMs: 2_000, heldMs: Infinity };

/**
 * Two connections to Redis, one for commands and one that listens, which come back by themselves. Nothing
 * is queued while one is away: whoever calls is told at once, and goes on without. It has no deadlines:
 * the client's own ends once a command is written, which is before a Redis that hangs is noticed, so
 * whoever calls sets one of its own.
 */
export class RedisLink implements AsyncDisposable {
  readonly #options: RedisLinkOptions;
  readonly #client: RedisClient;
  readonly #listener: RedisClient;
  readonly #closing = new AbortController();
  readonly #connecting: Promise<unknown>;
  #redialling: Promise<void> | undefined;
  #isConnected = false;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#client = this.#create();
    this.#listener = this.#create();
    const { connected } = options;
    // A cluster's client is ready node by node: it is told below.
    if (!isCluster(this.#client)) this.#client.on("ready", connected);
    this.#connecting = Promise.all([
      this.#dial(this.#client, connected),
      this.#dial(this.#listener),
    ]);
    void this.#connecting.then(() => (this.#isConnected = !this.#closing.signal.aborted));
  }

  /** Both have been connected once. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Resolves once they have been, or are closed. */
  async connected(): Promise<void> {
    await this.#connecting;
  }

  /** Hears what is published there. Subscribes again by itself after a connection was lost. */
  subscribe(channels: readonly string[], heard: (message: string) => void): Promise<unknown> {
    return listener(this.#listener).subscribe([...channels], heard);
  }

  unsubscribe(channels: readonly string[], heard: (message: string) => void): Promise<unknown> {
    return listener(this.#listener).unsubscribe([...channels], heard);
  }

  /** Sends one command; `key` tells a Cluster where. Rejects at once while Redis is away. */
  async command(key: string, args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    const words = [...args];
    try {
      // Awaited here, so that what Redis says is seen.
      return isCluster(client)
        ? await client.sendCommand(key, false, words)
        : await client.sendCommand(words);
    } catch (cause) {
      if (firstWord(cause) === "READONLY") this.#redial();
      throw cause;
    }
  }

  /** Runs a script on the key that it touches, or those that a Cluster keeps together. */
  async run(
    { text, sha }: Script,
    keys: string | readonly [string, ...string[]],
    args: readonly string[],
  ): Promise<unknown> {
    const all = typeof keys === "string" ? ([keys] as const) : keys;
    const touched = [String(all.length), ...all, ...args];
    try {
      return await this.command(all[0], ["EVALSHA", sha, ...touched]);
    } catch (cause) {
      if (firstWord(cause) !== "NOSCRIPT") throw cause;
      return await this.command(all[0], ["EVAL", text, ...touched]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const client of [this.#client, this.#listener]) if (client.isOpen) client.destroy();
    await Promise.all([this.#connecting, this.#redialling]);
  }

  /**
   * Dials anew: what is connected to has become a replica, and the place's name leads to its master by
   * now. A Cluster's client finds masters by itself.
   */
  #redial(): void {
    const client = this.#client;
    if (this.#closing.signal.aborted || isCluster(client) || !client.isReady) return;
    client.destroy();
    this.#redialling = this.#dial(client);
  }

  #create(): RedisClient {
    const { place, random, failed } = this.#options;
    const client = createRedis(place, random);
    client.on("error", failed);
    return client;
  }

  /** Resolves once it is connected, or the link closed. A cluster whose first nodes are all away rejects
   * instead of trying on, so it is tried again here; a single one never does. */
  async #dial(client: RedisClient, connected?: () => void): Promise<void> {
    const { random, clock, failed } = this.#options;
    const waits = backoff({ ...RECONNECT, random });
    const { signal } = this.#closing;
    // A client that is destroyed while it connects tells nobody.
    const closed = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => closed.resolve(), { once: true });
    while (!signal.aborted) {
      const connecting = client.connect();
      // Of one that is destroyed nobody waits for the end, which may be a rejection.
      connecting.catch(() => {});
      try {
        await Promise.race([connecting, closed.promise]);
        if (isCluster(client)) connected?.();
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
