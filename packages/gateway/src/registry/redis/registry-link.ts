import { wait } from "@warren/host";
import { firstWord, RedisLink, type RedisLinkOptions, type Script } from "@warren/host/redis-link";

export interface RegistryLinkOptions extends Omit<RedisLinkOptions, "connected"> {
  /** Redis answered a command. */
  readonly answered: () => void;
}

export interface Subscription {
  channel: string;
  heard: (message: string) => void;
  /** A connection was made, the first or a new one. */
  connected: () => void;
}

/** Redis did not take the subscription: it is asked again after this. */
const AGAIN_MS = 400;
/** Answers that come from a Redis that cannot serve: as good as none. */
const NOT_THERE = new Set(["CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY"]);

/** Commands to Redis, each with a deadline: requests wait for them. */
export class RegistryLink implements AsyncDisposable {
  /** False from a failure until a command succeeds again: callers do not wait on it then. */
  healthy = false;
  /** Monotonic: the first answer after a failure, or at all. */
  healthySince = Infinity;
  readonly #options: RegistryLinkOptions;
  readonly #link: RedisLink;
  readonly #closing = new AbortController();
  #connected = () => {};
  #listening: Promise<void> | undefined;

  /** Connects in the background, for as long as it takes. */
  constructor(options: RegistryLinkOptions) {
    this.#options = options;
    this.#link = new RedisLink({ ...options, connected: () => this.#connected() });
  }

  /** Listens to `channel` from now on. To be called once, before anything is awaited. */
  start({ channel, heard, connected }: Subscription): void {
    this.#connected = connected;
    this.#listening = this.#listen([channel], heard);
  }

  /** Sends `args`; `key` tells a Cluster where. Rejects after `ms`, or at once while disconnected. */
  command(key: string, args: readonly string[], ms: number): Promise<unknown> {
    return this.#judged(ms, this.#link.command(key, args));
  }

  /** Runs a script on the key that it touches, or those that a Cluster keeps together. */
  run(
    what: Script,
    keys: string | readonly [string, ...string[]],
    args: readonly string[],
    ms: number,
  ): Promise<unknown> {
    return this.#judged(ms, this.#link.run(what, keys, args));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.healthy = false;
    this.#closing.abort();
    await this.#link[Symbol.asyncDispose]();
    await this.#listening;
  }

  async #judged(ms: number, reply: Promise<unknown>): Promise<unknown> {
    try {
      const said = await this.#within(ms, reply);
      if (!this.healthy) this.healthySince = this.#options.clock.now();
      this.healthy = true;
      this.#options.answered();
      return said;
    } catch (cause) {
      // An answer of Redis, though an error, shows that it is there.
      const word = firstWord(cause);
      if (word === undefined || NOT_THERE.has(word)) {
        if (this.healthy) this.#options.failed(cause);
        this.healthy = false;
      }
      throw cause;
    }
  }

  #within<T>(ms: number, reply: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = this.#options.clock.after(ms, () => {
        reject(new Error(`Redis did not answer within ${ms} ms`));
      });
      reply.then(resolve, reject).finally(forget);
    });
  }

  async #listen(channels: readonly string[], heard: (message: string) => void): Promise<void> {
    const { clock, failed } = this.#options;
    const { signal } = this.#closing;
    await this.#link.connected();
    while (!signal.aborted) {
      try {
        await this.#link.subscribe(channels, heard);
        return;
      } catch (cause) {
        if (!signal.aborted) failed(cause);
      }
      await wait(clock, AGAIN_MS, signal);
    }
  }
}
