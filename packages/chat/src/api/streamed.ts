import { Readable } from "node:stream";
import type { Context } from "hono";
import type { Env } from "./http.ts";

/**
 * A body that is sent while it is read. Where reading fails the connection is broken off, so that nobody
 * takes a part for the whole; `failed` is told, unless it was the client that left.
 */
export function streamed(
  c: Context<Env>,
  pieces: AsyncIterable<Uint8Array | string>,
  failed: (cause: unknown) => void,
): ReadableStream {
  const { socket } = c.env.incoming;
  const { signal } = c.req.raw;
  async function* sent() {
    try {
      yield* pieces;
    } catch (cause) {
      if (!signal.aborted) failed(cause);
      socket.destroy();
    }
  }
  return Readable.toWeb(Readable.from(sent(), { objectMode: false })) as ReadableStream;
}
