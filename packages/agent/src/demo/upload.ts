import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { beginEvents } from "./clock.ts";

/** The hash so far is told at most once per so many bytes. */
const TOLD_BYTES = 1_048_576;

/** Hashes uploads as they come, and tells whoever watches how far it is. */
export class Uploads {
  readonly #watchers = new Map<string, ServerResponse>();

  /** Reads a body of any size without keeping it; answers with its size and SHA-256. */
  take(id: string, request: IncomingMessage, response: ServerResponse): void {
    const started = performance.now();
    const hash = createHash("sha256");
    let bytes = 0;
    let told = 0;
    request.on("data", (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes - told < TOLD_BYTES) return;
      told = bytes;
      this.#tell(id, { bytes, sha256: hash.copy().digest("hex") });
    });
    request.on("end", () => {
      const sha256 = hash.digest("hex");
      this.#tell(id, { bytes, sha256 });
      response.setHeader("content-type", "application/json");
      response.end(`${JSON.stringify({ bytes, sha256, ms: performance.now() - started })}\n`);
    });
  }

  /** Events about the upload `id`, until the client goes. */
  watch(id: string, response: ServerResponse): void {
    beginEvents(response);
    response.write(": watching\n\n");
    this.#watchers.set(id, response);
    response.on("close", () => {
      if (this.#watchers.get(id) === response) this.#watchers.delete(id);
    });
  }

  #tell(id: string, seen: { bytes: number; sha256: string }): void {
    this.#watchers.get(id)?.write(`data: ${JSON.stringify(seen)}\n\n`);
  }
}
