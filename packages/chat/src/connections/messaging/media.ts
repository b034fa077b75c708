import { createHash } from "node:crypto";

/** A path to a file of ours, with the query that opens it or without. */
const OURS = /\/files\/([0-9a-f]{32})(?:\?[^#]*)?$/;

/** What the other dialect calls a file: this one has its address alone, and ours have their id in it. */
export function mediaOf(url: string): { fileId: string; fileUrl: string } {
  const [, fileId = createHash("sha256").update(url).digest("hex").slice(0, 32)] =
    OURS.exec(url) ?? [];
  return { fileId, fileUrl: url };
}
