import { createHash } from "node:crypto";
import type { Clock, Random } from "@warren/tunnel";
import { createClient, createCluster } from "redis";

/** One Redis, or the first nodes of a Redis Cluster; credentials and TLS as in the URL. */
export type RedisPlace =
  | { kind: "single"; url: string }
  | { kind: "cluster"; urls: readonly string[] };

export interface RedisLinkOptions {
  place: RedisPlace;
  clock: Clock;
  random: Random;
  /** Errors of the connection itself, for the log. */
  failed: (cause: unknown) => void;
  /** Redis answered a command. */
  answered: () => void;
}

export interface Subscription {
  channel: string;
  heard: (message: string) => void;
  /** A connection was made, the first or a new one. */
  connected: () => void;
}

/** A Lua script, known to Redis by its SHA-1 once it has run there. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

type Client = ReturnType<typeof openSingle> | ReturnType<typeof openCluster>;

/**
 * Commands to Redis with a deadline of their own: the client's time-out ends once a command is
 * written, which is before a Redis that hangs is noticed. Nothing is queued while the link is away.
 */
export class RedisLink {
  /** False from a failure until a command succeeds again: callers do not wait on it then. */
  healthy = false;
  readonly #options: RedisLinkOptions;
  readonly #client: Client;
  #subscriber: Client | undefined;
  #closed = false;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#client = open(options);
  }

  /** Connects in the background, for as long as it takes, and listens to `channel`. */
  start({ channel, heard, connected }: Subscription): void {
    const client = this.#client;
    client.on("ready", connected);
    this.#connect(async () => {
      await client.connect();
      // A cluster's client says `ready` per node only.
      connected();
    });
    const subscriber = client.duplicate();
    subscriber.on("error", this.#options.failed);
    this.#subscriber = subscriber;
    this.#connect(async () => {
      if (!subscriber.isOpen) await subscriber.connect();
      await subscriber.subscribe(channel, heard);
    });
  }

  /** Sends `args`; `key` tells a Cluster where. Rejects after `ms`, or at once while disconnected. */
  async command(key: string, args: string[], ms: number): Promise<unknown> {
    const client = this.#client;
    const reply = isCluster(client)
      ? client.sendCommand(key, false, args)
      : client.sendCommand(args);
    try {
      const said = await this.#within(ms, reply);
      this.healthy = true;
      this.#options.answered();
      return said;
    } catch (cause) {
      // An answer of Redis, though an error, shows that it is there; so does NOSCRIPT below.
      if (!isReply(cause)) {
        if (this.healthy) this.#options.failed(cause);
        this.healthy = false;
        if (isReadOnly(cause)) this.#leave();
      }
      throw cause;
    }
  }

  /** Runs a script on the key that it touches, or those that a Cluster keeps together. */
  async run(
    what: Script,
    keys: string | readonly [string, ...string[]],
    args: string[],
    ms: number,
  ): Promise<unknown> {
    const all = typeof keys === "string" ? ([keys] as const) : keys;
    const touched = [String(all.length), ...all, ...args];
    try {
      return await this.command(all[0], ["EVALSHA", what.sha, ...touched], ms);
    } catch (cause) {
      if (!(isReply(cause) && cause.message.startsWith("NOSCRIPT"))) throw cause;
      return await this.command(all[0], ["EVAL", what.text, ...touched], ms);
    }
  }

  close(): void {
    this.#closed = true;
    this.healthy = false;
    for (const client of [this.#client, this.#subscriber]) {
      if (client?.isOpen) client.destroy();
    }
  }

  /**
   * Dials anew: what is connected to has become a replica, and the place's name leads to its master
   * by now. A Cluster's client finds masters by itself.
   */
  #leave(): void {
    const client = this.#client;
    if (this.#closed || isCluster(client) || !client.isReady) return;
    client.destroy();
    this.#connect(async () => void (await client.connect()));
  }

  /** A cluster whose first nodes are all away rejects instead of trying on; a single one never does. */
  #connect(attempt: () => Promise<void>): void {
    if (this.#closed) return;
    attempt().catch((cause: unknown) => {
      if (this.#closed) return;
      this.#options.failed(cause);
      const again = () => this.#connect(attempt);
      this.#options.clock.after(backoffMs(3, this.#options.random), again);
    });
  }

  #within<T>(ms: number, reply: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = this.#options.clock.after(ms, () => {
        reject(new Error(`Redis did not answer within ${ms} ms`));
      });
      reply.then(resolve, reject).finally(forget);
    });
  }
}

/** Answers that come from a Redis that cannot serve: as good as none. */
const NOT_THERE = /^(CLUSTERDOWN|LOADING|MASTERDOWN|READONLY) /;

/** An error that Redis itself answered with: upper-case word first (RESP simple errors). */
function isReply(cause: unknown): cause is Error {
  if (!(cause instanceof Error)) return false;
  return /^[A-Z]{3,} /.test(cause.message) && !NOT_THERE.test(cause.message);
}

function isReadOnly(cause: unknown): boolean {
  return cause instanceof Error && /\bREADONLY\b/.test(cause.message);
}

function isCluster(client: Client): client is ReturnType<typeof openCluster> {
  return "masters" in client;
}

function open(options: RedisLinkOptions): Client {
  const client = options.place.kind === "single" ? openSingle(options) : openCluster(options);
  client.on("error", options.failed);
  return client;
}

function settings({ random }: RedisLinkOptions) {
  return {
    disableOfflineQueue: true,
    socket: {
      connectTimeout: 2_000,
      reconnectStrategy: (retries: number) => backoffMs(retries, random),
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

function backoffMs(retries: number, random: Random): number {
  return Math.ceil(Math.min(50 * 2 ** retries, 1_000) * (0.5 + random() / 2));
}
