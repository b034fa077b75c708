import { LIMITS } from "@warren/wire";
import { rethrow } from "../src/testing/index.ts";
import { Pool, Tunnel, type Clock, type Stream, type Transport } from "../src/index.ts";

/** What a line is like, each way. Change it while it carries something and it is so from then on. */
export interface LineShape {
  bytesPerSecond: number;
  /** Half of the round trip. */
  delayMs: number;
}

/** Bytes that a message costs beyond its own: WebSocket, TCP and IP headers of one segment. */
const OVERHEAD_BYTES = 60;

type Event = { at: number; order: number; run: () => void };

/**
 * A network on virtual time: events in order of time, then of entry. Nothing in it is random, so a
 * test that passes passes always.
 */
export class Network implements Clock {
  #now = 0;
  #order = 0;
  /** A binary heap; thousands of timers and messages are under way at a time. */
  readonly #heap: Event[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): () => void {
    const event = { at: this.#now + ms, order: this.#order++, run: task };
    this.#push(event);
    return () => {
      event.run = NOTHING;
    };
  }

  /** Runs everything that falls due within `ms`. */
  pass(ms: number): void {
    const until = this.#now + ms;
    while (this.#heap.length > 0 && this.#heap[0]!.at <= until) this.#step();
    this.#now = until;
  }

  /** Runs until `done` says so; false when `mostMs` pass before. */
  until(done: () => boolean, mostMs: number): boolean {
    const until = this.#now + mostMs;
    while (!done()) {
      if (this.#heap.length === 0 || this.#heap[0]!.at > until) return false;
      this.#step();
    }
    return true;
  }

  #step(): void {
    const { at, run } = this.#pop();
    this.#now = at;
    run();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const NOTHING = (): void => {};
const before = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** One direction of a connection: a queue before a wire of a certain speed and length. */
class Way implements Transport {
  readonly #network: Network;
  readonly #shape: LineShape;
  readonly #hear: (message: Uint8Array) => void;
  #freeAtMs = 0;
  cut = false;
  readonly bufferedBytes = 0;

  constructor(network: Network, shape: LineShape, hear: (message: Uint8Array) => void) {
    this.#network = network;
    this.#shape = shape;
    this.#hear = hear;
  }

  send(message: Uint8Array): void {
    const { bytesPerSecond, delayMs } = this.#shape;
    const start = Math.max(this.#network.now(), this.#freeAtMs);
    this.#freeAtMs = start + ((message.length + OVERHEAD_BYTES) * 1_000) / bytesPerSecond;
    const arriveInMs = this.#freeAtMs + delayMs - this.#network.now();
    this.#network.after(arriveInMs, () => {
      if (!this.cut) this.#hear(message);
    });
  }
  sendText(): void {}
  batch(writes: () => void): void {
    writes();
  }
  close(): void {
    this.cut = true;
  }
  terminate(): void {
    this.cut = true;
  }
}

export interface LineOptions {
  up: LineShape;
  down: LineShape;
  poolBytes: number;
  streams: number;
  /** The gateway's side, which opens; the agent's side accepts. */
  onStream: (stream: Stream, opening: Uint8Array, ended: boolean) => void;
}

/** Two tunnels joined by a line: `gateway` opens streams, `agent` accepts them. */
export class Line {
  readonly network = new Network();
  readonly gateway: Tunnel;
  readonly agent: Tunnel;
  readonly errors: string[] = [];
  readonly #options: LineOptions;
  #ways: Way[] = [];

  constructor(options: Partial<LineOptions> & Pick<LineOptions, "up" | "down" | "onStream">) {
    this.#options = { poolBytes: 64 * 1_048_576, streams: LIMITS.streams, ...options };
    this.gateway = this.#tunnel("acceptor");
    this.agent = this.#tunnel("dialler");
    this.join();
  }

  /** A new connection; what the old one had under way is lost. */
  join(): void {
    this.cut();
    const { up, down } = this.#options;
    const toGateway = new Way(this.network, up, (message) => this.gateway.receive(message));
    const toAgent = new Way(this.network, down, (message) => this.agent.receive(message));
    this.#ways = [toGateway, toAgent];
    const [gatewayHas, agentHas] = [this.gateway.received, this.agent.received];
    this.agent.attach(toGateway, gatewayHas);
    this.gateway.attach(toAgent, agentHas);
  }

  cut(): void {
    for (const way of this.#ways) way.cut = true;
    this.agent.detach();
    this.gateway.detach();
  }

  #tunnel(side: "dialler" | "acceptor"): Tunnel {
    const { poolBytes, streams, onStream } = this.#options;
    const limits = { ...LIMITS, streams };
    return new Tunnel({
      side,
      limits,
      peerLimits: limits,
      pool: new Pool(poolBytes),
      clock: this.network,
      endOfTurn: (task) => void this.network.after(0, task),
      allocate: (bytes) => new Uint8Array(bytes),
      toText: (bytes) => String.fromCharCode(...bytes),
      toBytes: (text) => Uint8Array.from(text, (char) => char.charCodeAt(0)),
      broke: rethrow,
      owner: { onStream, onProtocolError: (error) => void this.errors.push(error.message) },
    });
  }
}
