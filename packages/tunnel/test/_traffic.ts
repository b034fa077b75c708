import type { Stream, StreamOwner } from "../src/index.ts";

/** Byte i of a stream is i mod 251: a hole, a repeat or a swap shows. */
const CHUNK = Uint8Array.from({ length: 251 * 256 }, (_, i) => i % 251);

/** What every owner here ignores. */
class Deaf implements StreamOwner {
  onHead(): void {}
  onData(stream: Stream, chunk: Uint8Array): void {
    stream.consumed(chunk.length);
  }
  onTrailers(): void {}
  onEnd(): void {}
  onReset(): void {}
  onWritable(): void {}
  onStopped(): void {}
}

/** Writes `bytes` (or for ever) as fast as credit allows, then ends. */
export class Source extends Deaf {
  left: number;
  constructor(bytes = Infinity) {
    super();
    this.left = bytes;
  }
  start(stream: Stream): void {
    stream.owner = this;
    this.onWritable(stream);
  }
  override onWritable(stream?: Stream): void {
    for (let more = true; more && this.left > 0;) {
      const bytes = Math.min(CHUNK.length, this.left);
      this.left -= bytes;
      more = stream!.write(CHUNK.subarray(0, bytes), this.left === 0);
    }
  }
}

/** Counts what comes, and consumes it at once, or, once `stalled`, never. */
export class Sink extends Deaf {
  bytes = 0;
  /** Where what came first differed from what a `Source` sends; looked for if `checking`. */
  wrongAt: number | undefined;
  checking = false;
  unconsumed = 0;
  ended = false;
  stalled = false;
  override onData(stream: Stream, chunk: Uint8Array): void {
    if (this.checking) this.#check(chunk);
    this.bytes += chunk.length;
    if (this.stalled) this.unconsumed += chunk.length;
    else stream.consumed(chunk.length);
  }
  override onEnd(): void {
    this.ended = true;
  }
  #check(chunk: Uint8Array): void {
    const wrong = chunk.findIndex((byte, n) => byte !== (this.bytes + n) % 251);
    if (wrong >= 0) this.wrongAt ??= this.bytes + wrong;
  }
}

/** Sends back what comes. */
export class Echo extends Deaf {
  override onData(stream: Stream, chunk: Uint8Array): void {
    stream.consumed(chunk.length);
    stream.write(chunk.slice(), false);
  }
}

/** Sends a few bytes, again as soon as they came back (and `pauseMs` passed); writes down how long each took. */
export class Pinger extends Deaf {
  readonly tookMs: number[] = [];
  readonly #now: () => number;
  readonly #again: (task: () => void) => void;
  #sentAtMs = 0;

  constructor(now: () => number, again: (task: () => void) => void) {
    super();
    this.#now = now;
    this.#again = again;
  }
  send(stream: Stream): void {
    this.#sentAtMs = this.#now();
    stream.write(CHUNK.subarray(0, 100), false);
  }
  override onData(stream: Stream, chunk: Uint8Array): void {
    stream.consumed(chunk.length);
    this.tookMs.push(this.#now() - this.#sentAtMs);
    this.#again(() => this.send(stream));
  }
  /** The time that `share` of the round trips stayed within. */
  within(share: number): number {
    const sorted = this.tookMs.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity;
  }
}
