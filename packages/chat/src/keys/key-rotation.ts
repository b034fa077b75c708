import { ChatError } from "@warren/wire";
import type { Log } from "@warren/host";
import { MasterKeyError, type MasterKeys } from "./master-keys.ts";
import type { KeyStore, SealedValues } from "./ports.ts";
import { rotateKeys, rotateValues, type Rotated } from "./rotate.ts";

export interface KeyRotationOptions {
  store: KeyStore;
  values: readonly { values: SealedValues; use: string }[];
  masters: MasterKeys;
  log: Log;
}

/** What an operator is told of a rotation. Key ids say nothing of their keys. */
export interface RotationState extends Rotated {
  readonly state: "idle" | "running" | "done" | "failed";
  readonly currentKeyId: string;
  readonly formerKeyIds: readonly string[];
}

const NOTHING: Rotated = { renewed: 0, unreadable: 0, complete: false };

/**
 * Puts everything under the current master key while the service goes on. One at a time in a process; of
 * several processes each may have one, and what one has done the others find done.
 */
export class KeyRotation implements AsyncDisposable {
  readonly #options: KeyRotationOptions;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #state: "idle" | "done" | "failed" = "idle";
  #rotated = NOTHING;

  constructor(options: KeyRotationOptions) {
    this.#options = options;
  }

  get state(): RotationState {
    const [current, ...former] = this.#options.masters.all.map(({ id }) => id);
    return {
      state: this.#running === undefined ? this.#state : "running",
      ...this.#rotated,
      currentKeyId: current!,
      formerKeyIds: former,
    };
  }

  /**
   * Reads the master keys again, where they are kept in files, and begins, unless one is under way.
   * Rejects with a ChatError that says what is wrong with the keys.
   */
  async start(): Promise<RotationState> {
    if (this.#running === undefined) {
      await this.#options.masters.reload().catch(refuse);
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined;
      });
    }
    return this.state;
  }

  /** Resolves once none is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store, values, masters, log } = this.#options;
    const { signal } = this.#closing;
    this.#rotated = NOTHING;
    try {
      const keys = await rotateKeys(store, masters, signal);
      this.#rotated = { ...keys, complete: false };
      let complete = keys.complete;
      for (const one of values) {
        const done = await rotateValues(one, masters, signal);
        const { renewed, unreadable } = this.#rotated;
        complete &&= done.complete;
        this.#rotated = {
          renewed: renewed + done.renewed,
          unreadable: unreadable + done.unreadable,
          complete: false,
        };
      }
      this.#rotated = { ...this.#rotated, complete };
      this.#state = "done";
      log.info("keys were rotated", { ...this.#rotated });
    } catch (cause) {
      this.#state = "failed";
      log.error("keys could not be rotated: it may be begun again", { error: cause });
    }
  }
}

function refuse(cause: unknown): never {
  // Its texts name what is wrong and show nothing of it.
  if (cause instanceof MasterKeyError) throw new ChatError("CONFLICT", cause.message, { cause });
  throw new ChatError("SERVICE_UNAVAILABLE", "the master keys could not be read", { cause });
}
