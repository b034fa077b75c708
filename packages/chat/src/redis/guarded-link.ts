import { OPERATIONS, type Guard, type Operation } from "@warren/host";
import { RedisLink, type RedisLinkOptions, type Script } from "@warren/host/redis-link";

export interface GuardedLinkOptions extends Omit<RedisLinkOptions, "connected"> {
  /** Stands between this program and Redis; to be given `BREAKERS.redis` and `classifyRedis`. */
  readonly guard: Guard;
}

const COUNT: Operation = { ...OPERATIONS.redisCommand, name: "redis_count", retries: 0 };

/** Calls to Redis with the deadlines, the repeats and the breaker of every dependency. */
export class GuardedLink implements AsyncDisposable {
  readonly #guard: Guard;
  readonly #link: RedisLink;
  readonly #closing = new AbortController();

  /** Connects in the background, for as long as it takes. */
  constructor({ guard, ...options }: GuardedLinkOptions) {
    this.#guard = guard;
    this.#link = new RedisLink({ ...options, connected: () => {} });
  }

  /** Resolves once it has been connected, or is closed. */
  connected(): Promise<void> {
    return this.#link.connected();
  }

  /** Hears what is published there. Subscribes again by itself after a connection was lost. */
  subscribe(channels: readonly string[], heard: (message: string) => void): Promise<unknown> {
    return this.#guarded(OPERATIONS.redisCommand, () => this.#link.subscribe(channels, heard));
  }

  unsubscribe(channels: readonly string[], heard: (message: string) => void): Promise<unknown> {
    return this.#guarded(OPERATIONS.redisCommand, () => this.#link.unsubscribe(channels, heard));
  }

  /** Sends one command; `key` tells a Cluster where. Rejects while Redis is away. */
  command(key: string, args: readonly string[]): Promise<unknown> {
    return this.#guarded(OPERATIONS.redisCommand, () => this.#link.command(key, args));
  }

  /** Sends many at once, none of which is repeated for itself. */
  publish(commands: readonly { key: string; args: readonly string[] }[]): Promise<unknown> {
    const send = () => Promise.all(commands.map(({ key, args }) => this.#link.command(key, args)));
    return this.#guarded(OPERATIONS.redisPublish, send);
  }

  /** Runs a script on the one key that it touches. */
  run(what: Script, key: string, args: readonly string[]): Promise<unknown> {
    return this.#guarded(OPERATIONS.redisCommand, () => this.#link.run(what, key, args));
  }

  /** The same for a script that counts: it may have run when it seems to have failed, and is not repeated. */
  count(what: Script, key: string, args: readonly string[]): Promise<unknown> {
    return this.#guarded(COUNT, () => this.#link.run(what, key, args));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#link[Symbol.asyncDispose]();
  }

  async #guarded<T>(operation: Operation, call: () => Promise<T>): Promise<T> {
    // That the first connection takes its time is no failure to be remembered.
    if (!this.#link.isConnected) throw new Error("Redis is not connected yet");
    return this.#guard.run(operation, call, this.#closing.signal);
  }
}
