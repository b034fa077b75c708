import type { Socket } from "node:net";
import { FrameCursor } from "./frame-cursor.ts";
import type { Link } from "./link.ts";

/** A cut that waits for a frame with more than `depth` bytes of payload. */
export interface Tear {
  depth: number;
  torn: () => void;
}

/** Bytes under way on the line, or the sender's FIN (no bytes). */
interface Flying {
  dueAt: number;
  bytes: Uint8Array | undefined;
}

/**
 * One direction of one proxied connection: read from `from`, wait for the link, fly for its delay,
 * land in `into`. Holds at most what the link allows, then stops reading. Bytes are never lost while
 * both sockets live: a flow that is held goes on where it was.
 */
export class Flow {
  readonly #from: Socket;
  readonly #into: Socket;
  readonly #link: Link;
  readonly #landed: (bytes: number) => void;
  readonly #cursor = new FrameCursor();
  readonly #waiting: Uint8Array[] = [];
  readonly #flying: Flying[] = [];
  #flyingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  #held = false;
  #tear: Tear | undefined;
  waitingBytes = 0;

  constructor(from: Socket, into: Socket, link: Link, landed: (bytes: number) => void) {
    this.#from = from;
    this.#into = into;
    this.#link = link;
    this.#landed = landed;
    from.on("data", (bytes: Uint8Array) => this.#take(bytes));
    from.on("end", () => this.#finish());
    into.on("drain", () => this.#land());
  }

  /** Stops or restarts what moves, in the middle of whatever is under way. */
  hold(held: boolean): void {
    if (this.#over) return;
    this.#held = held;
    if (held) return this.#link.forget(this);
    if (this.waitingBytes > 0) this.#link.offer(this);
    this.#land();
    this.#paceSource();
  }

  /** Lets bytes pass up to a place inside a frame, drops the rest and says `torn`; undefined: no longer. */
  tearInsideFrame(tear: Tear | undefined): void {
    this.#tear = tear;
  }

  /** Drops what is under way; later bytes are read and dropped. */
  drop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#link.forget(this);
    this.#waiting.length = 0;
    this.#flying.length = 0;
    this.waitingBytes = 0;
    this.#flyingBytes = 0;
    this.#from.resume();
  }

  /** The link's word that up to `most` bytes may leave now. Returns how many did. */
  depart(most: number): number {
    const first = this.#waiting[0];
    if (first === undefined) return 0;
    const bytes = first.length > most ? first.subarray(0, most) : first;
    if (bytes === first) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(most);
    this.waitingBytes -= bytes.length;
    this.#fly(bytes);
    if (this.waitingBytes === 0 && this.#from.readableEnded) this.#fly(undefined);
    return bytes.length;
  }

  #take(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (!this.#held) this.#link.offer(this);
    this.#paceSource();
  }

  #finish(): void {
    if (!this.#over && this.waitingBytes === 0) this.#fly(undefined);
  }

  #fly(bytes: Uint8Array | undefined): void {
    const { delayMs } = this.#link.limits;
    this.#flying.push({ dueAt: performance.now() + delayMs, bytes });
    this.#flyingBytes += bytes?.length ?? 0;
    if (this.#timer === undefined) this.#land();
  }

  #land(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#over && !this.#held && !this.#into.writableNeedDrain) {
      const next = this.#flying[0];
      if (next === undefined) break;
      const early = next.dueAt - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.#land(), Math.ceil(early));
        break;
      }
      this.#flying.shift();
      this.#deliver(next.bytes);
    }
    this.#paceSource();
  }

  #deliver(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) return void this.#into.end();
    this.#flyingBytes -= bytes.length;
    this.#landed(bytes.length);
    if (this.#tear === undefined) {
      this.#cursor.pass(bytes);
      this.#into.write(bytes);
      return;
    }
    const place = this.#cursor.inside(bytes, this.#tear.depth);
    if (place < 0) return void this.#into.write(bytes);
    this.#over = true;
    const { torn } = this.#tear;
    // Only once the kernel has the bytes: a reset throws away what this process still holds.
    this.#into.write(bytes.subarray(0, place), () => torn());
  }

  #paceSource(): void {
    if (this.#over) return;
    const held = this.waitingBytes + this.#flyingBytes;
    const capacity = this.#link.capacityBytes;
    if (held >= capacity) this.#from.pause();
    else if (held <= capacity / 2 && !this.#held) this.#from.resume();
  }
}
