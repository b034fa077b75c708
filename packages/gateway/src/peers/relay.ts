import { latin1Text, unpinned } from "@warren/host";
import { closeFrame, FrameBoundary } from "@warren/http";
import type { Stream, StreamOwner } from "@warren/tunnel";
import { CODES, WireError } from "@warren/wire";

const ONE = 0x31;
const FAREWELL = closeFrame(CODES.draining.close, "service restart");
const LEFT = new WireError("draining", "the gateway is going");
/** A switch to WebSocket, as the agent writes heads: lower-case names, one space. */
const TO_WEBSOCKET = /^HTTP\/1\.1 101 [^]*?\r\nupgrade: *websocket\r\n/i;

/**
 * One direction of a crossing: what it hears from one stream it says on the other. Credit is coupled:
 * bytes count as consumed on one side only once the other has room for more, so a slow far end holds
 * the near one back and nothing piles up here beyond both windows.
 */
class Direction implements StreamOwner {
  readonly #crossing: Crossing;
  readonly #to: Stream;
  #from: Stream | undefined;
  #owed = 0;
  ended = false;

  constructor(crossing: Crossing, to: Stream) {
    this.#crossing = crossing;
    this.#to = to;
  }

  onHead(_stream: Stream, block: Uint8Array): void {
    this.#crossing.headPasses(block);
    this.#to.head(block, false);
  }
  onData(stream: Stream, chunk: Uint8Array): void {
    this.#from = stream;
    // One that has no room may keep it for long.
    const lasting = this.#to.writable ? chunk : unpinned(chunk);
    if (this.#to.write(lasting, false)) stream.consumed(chunk.length);
    else this.#owed += chunk.length;
    this.#crossing.dataPassed(this, chunk);
  }
  onTrailers(_stream: Stream, block: Uint8Array): void {
    this.#to.trailers(block);
  }
  onEnd(): void {
    this.ended = true;
    this.#to.end();
    this.#crossing.directionEnded();
  }
  onReset(_stream: Stream, error: WireError): void {
    this.#to.reset(error);
    this.#crossing.over();
  }
  /** There is room on this side again: the other direction owes its peer credit. */
  onWritable(): void {
    this.#crossing.opposite(this).settle();
  }
  onStopped(): void {
    this.#to.stop();
  }

  settle(): void {
    const owed = this.#owed;
    this.#owed = 0;
    this.#from?.consumed(owed);
  }
}

/** A stream of another gateway, joined to one in an agent's tunnel that is here. */
export class Crossing {
  readonly #near: Stream;
  readonly #far: Stream;
  readonly #toNear: Direction;
  readonly #toFar: Direction;
  readonly #onOver: (crossing: Crossing) => void;
  #boundary: FrameBoundary | undefined;
  #leaving = false;

  /**
   * `near.ended`: its direction is complete with its opening. `open` opens the far stream for the owner
   * it is given; what it throws is thrown.
   */
  constructor(
    { stream: near, ended }: { stream: Stream; ended: boolean },
    open: (owner: StreamOwner) => Stream,
    onOver: (crossing: Crossing) => void,
  ) {
    this.#near = near;
    this.#onOver = onOver;
    this.#toNear = new Direction(this, near);
    this.#far = open(this.#toNear);
    this.#toFar = new Direction(this, this.#far);
    this.#toFar.ended = ended;
    near.owner = this.#toFar;
  }

  /** The agent's tunnel has no transport. */
  get isAway(): boolean {
    return !this.#far.attached;
  }

  /** Ends it as cleanly as can be done: a WebSocket with a farewell at its next frame boundary. */
  cutOff(error: WireError): void {
    if (this.#boundary === undefined || this.#toNear.ended) return this.#reset(error);
    this.#leaving = true;
    if (this.#boundary.atBoundary) this.#leave();
  }

  #reset(error: WireError): void {
    this.#near.reset(error);
    this.#far.reset(error);
    this.over();
  }

  /** In order behind what was said, so that nothing under way is lost. */
  #leave(): void {
    if (!this.#boundary!.closing) this.#near.write(FAREWELL, false);
    this.#near.end();
    this.#far.reset(LEFT);
    this.over();
  }

  // Directions

  opposite(direction: Direction): Direction {
    return direction === this.#toNear ? this.#toFar : this.#toNear;
  }

  headPasses(block: Uint8Array): void {
    if (block[9] !== ONE) return; // "HTTP/1.1 2", most of the time
    if (TO_WEBSOCKET.test(latin1Text(block))) this.#boundary = new FrameBoundary();
  }

  dataPassed(direction: Direction, chunk: Uint8Array): void {
    if (this.#boundary === undefined || direction !== this.#toNear) return;
    this.#boundary.pass(chunk);
    if (this.#leaving && this.#boundary.atBoundary) this.#leave();
  }

  directionEnded(): void {
    if (this.#toNear.ended && this.#toFar.ended) this.over();
  }

  over(): void {
    this.#onOver(this);
  }
}
