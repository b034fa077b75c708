import { OPERATIONS, type Guard, type Operation } from "@warren/host";
import { storeFailure } from "./failures.ts";

const INDEX: Operation = { ...OPERATIONS.mongoWrite, name: "mongo_index", retries: 0 };
const PROBE: Operation = {
  ...OPERATIONS.mongoWrite,
  name: "mongo_probe",
  retries: 0,
  timeoutMs: 1_500,
};

/** Whoever waits for a count goes on without it. */
const COUNT: Operation = {
  ...OPERATIONS.mongoWrite,
  name: "mongo_count",
  retries: 0,
  timeoutMs: 500,
};

export interface CallsOptions {
  guard: Guard;
  /** Resolves once there is a connection. */
  connected: () => Promise<void>;
  /** Whoever waits then is told at once. */
  closing: AbortSignal;
}

/**
 * All calls to MongoDB: each may be repeated after a lost answer, so it begins by looking at what is
 * there. They reject with a `ChatError` DATABASE_ERROR while MongoDB is away.
 */
export class MongoCalls {
  readonly #guard: Guard;
  readonly #connected: () => Promise<void>;
  readonly #closing: AbortSignal;

  constructor({ guard, connected, closing }: CallsOptions) {
    this.#guard = guard;
    this.#connected = connected;
    this.#closing = closing;
  }

  read<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#run(OPERATIONS.mongoRead, call);
  }

  write<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#run(OPERATIONS.mongoWrite, call);
  }

  /** Once and not for long: whoever probes comes again, and waits for no retries. */
  probe<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#run(PROBE, call);
  }

  /** Once, and not for long: a limit is no reason to wait. */
  count<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#run(COUNT, call);
  }

  /** Once: whoever makes an index comes back. */
  index<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#run(INDEX, call);
  }

  async #run<T>(operation: Operation, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#guard.run(
        operation,
        async (signal) => {
          await this.#connected();
          return call(signal);
        },
        this.#closing,
      );
    } catch (error) {
      throw storeFailure(error, this.#closing);
    }
  }
}
