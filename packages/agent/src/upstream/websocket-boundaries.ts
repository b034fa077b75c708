import { closeFrame, FrameBoundary } from "@warren/http";
import { CODES } from "@warren/wire";
import type { Boundaries } from "./relay.ts";

const GOING = closeFrame(CODES.draining.close, "draining");

/** Frame boundaries of what a WebSocket service sends; its farewell is a Close frame with 1012. */
export class WebSocketBoundaries implements Boundaries {
  readonly #frames = new FrameBoundary();

  pass(bytes: Uint8Array): void {
    this.#frames.pass(bytes);
  }

  /** Byte by byte: done for one chunk of a connection, when its agent goes. */
  passFrame(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && !this.#frames.atBoundary) this.pass(bytes.subarray(at, ++at));
    return at;
  }

  get between(): boolean {
    return this.#frames.atBoundary;
  }

  get farewell(): Uint8Array | undefined {
    return this.#frames.closing ? undefined : GOING;
  }
}
