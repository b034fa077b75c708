import type { ClientHttp2Stream } from "node:http2";
import { Readable } from "node:stream";

/** Answers whose END_STREAM has come. */
const whole = new WeakSet<ClientHttp2Stream>();

/**
 * Takes note of how the answer on `request` ends. To a reader Node ends a stream that was reset with
 * NO_ERROR like one that was completed, but an answer is complete only with END_STREAM (RFC 9113
 * §8.1). The order alone tells them apart: END_STREAM ends the readable side of an open stream, a
 * reset closes the stream first.
 */
export function watchEnd(request: ClientHttp2Stream): void {
  request.push = pushWatched;
}

/** True once END_STREAM has come, even if a reset came behind it. */
export function endedWhole(request: ClientHttp2Stream): boolean {
  return whole.has(request);
}

function pushWatched(this: ClientHttp2Stream, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && !this.closed) whole.add(this);
  return Readable.prototype.push.call(this, chunk, encoding);
}
