import type { ServerResponse } from "node:http";

/** Writes lines to streams: whole, or in pieces of so many bytes, each in a turn of its own. */
export class SlowWriter {
  pieceBytes = 0;
  readonly #tails = new WeakMap<ServerResponse, Promise<void>>();

  write(response: ServerResponse, line: string): void {
    const tail = this.#tails.get(response);
    if (this.pieceBytes === 0 && tail === undefined) return void response.write(line);
    const next = (tail ?? Promise.resolve()).then(() => this.#pieces(response, Buffer.from(line)));
    this.#tails.set(response, next);
  }

  async #pieces(response: ServerResponse, bytes: Buffer): Promise<void> {
    const size = this.pieceBytes || bytes.length;
    for (let at = 0; at < bytes.length && response.writable; at += size) {
      response.write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
