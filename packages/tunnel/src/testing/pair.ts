import { LIMITS, type Limits, type WireError } from "@warren/wire";
import { Pool } from "../pool.ts";
import type { Clock, Stream, TunnelOwner } from "../ports.ts";
import { Tunnel } from "../tunnel.ts";
import { Pipe } from "./pipe.ts";

/** A clock that moves when told to. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; task: () => void }[] = [];

  /** Timers that were set, and have neither fired nor been forgotten. */
  get pending(): number {
    return this.#timers.length;
  }
  now(): number {
    return this.#now;
  }
  after(ms: number, task: () => void): () => void {
    const timer = { at: this.#now + ms, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }
  /** Runs what falls due within `ms`, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((one) => one.at <= until).toSorted((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== due);
      this.#now = Math.max(this.#now, due.at);
      due.task();
    }
    this.#now = until;
  }
}

export interface PairOptions {
  clock: Clock;
  endOfTurn: (task: () => void) => void;
  limits: Limits;
  poolBytes: number;
  /** What the acceptor's side does with a stream that the dialler's side opened, and the reverse. */
  onStream: (stream: Stream, opening: Uint8Array, ended: boolean) => void;
  /** Hears what owners threw; else that fails the test. */
  broke: (reason: unknown) => void;
}

/** What an owner throws in a test is a failed expectation. */
export function rethrow(reason: unknown): never {
  throw reason;
}

/** Two tunnels joined by a `Pipe`, driven by hand (`settle`) or by the given `endOfTurn`. */
export class TunnelPair {
  readonly dialler: Tunnel;
  readonly acceptor: Tunnel;
  readonly clock: Clock;
  readonly errors: WireError[] = [];
  pipe = new Pipe();
  readonly #tasks: (() => void)[] = [];

  constructor(options: Partial<PairOptions> = {}) {
    this.clock = options.clock ?? new ManualClock();
    const limits = options.limits ?? LIMITS;
    const owner: TunnelOwner = {
      onStream: options.onStream ?? ((stream) => stream.end()),
      onProtocolError: (error) => void this.errors.push(error),
    };
    const make = (side: "dialler" | "acceptor") =>
      new Tunnel({
        side,
        limits,
        peerLimits: limits,
        pool: new Pool(options.poolBytes ?? 32 * 1_048_576),
        clock: this.clock,
        endOfTurn: options.endOfTurn ?? ((task) => void this.#tasks.push(task)),
        allocate: (bytes) => new Uint8Array(bytes),
        toText: (bytes) => String.fromCharCode(...bytes),
        toBytes: (text) => Uint8Array.from(text, (char) => char.charCodeAt(0)),
        owner,
        broke: options.broke ?? rethrow,
      });
    this.dialler = make("dialler");
    this.acceptor = make("acceptor");
    this.join();
  }

  /** Joins both sides by a new pipe; what the old one lost is sent again. */
  join(): void {
    this.pipe = new Pipe();
    const { left, right } = this.pipe;
    left.onBinary = (message) => this.dialler.receive(message);
    right.onBinary = (message) => this.acceptor.receive(message);
    left.onClose = () => this.dialler.detach();
    right.onClose = () => this.acceptor.detach();
    const [toDialler, toAcceptor] = [this.acceptor.received, this.dialler.received];
    this.dialler.attach(left, toDialler);
    this.acceptor.attach(right, toAcceptor);
  }

  /** Runs ends of turns and delivers until nothing moves, or for so many steps. */
  settle(steps = Infinity): void {
    for (let n = 0; n < steps; n++) {
      const tasks = this.#tasks.splice(0);
      for (const task of tasks) task();
      const moved = this.pipe.deliver(1);
      if (moved === 0 && tasks.length === 0) return;
    }
  }

  /** Drops everything under way and joins again. */
  flap(): void {
    this.pipe.cut();
    this.join();
  }
}
