import { createHash } from "node:crypto";
import { ChatError } from "@warren/wire";
import { foreignUrlProblem } from "../../files/foreign-url.ts";
import type { StoredFile } from "../../log/body.ts";

/** The file of a message: this dialect has an address where the other has an id and an address. */
export function mediaOf(url: string): StoredFile {
  const problem = foreignUrlProblem(url);
  if (problem !== undefined) {
    throw new ChatError("INVALID_FORMAT", `message: payload.media_url is refused: ${problem}`);
  }
  return { fileId: createHash("sha256").update(url).digest("hex").slice(0, 32), url };
}
