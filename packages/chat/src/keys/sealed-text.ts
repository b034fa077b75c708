import { hash } from "node:crypto";
import { boundBytes } from "./bound.ts";
import { BOX_BYTES } from "./box.ts";
import { SealError } from "./seal-error.ts";

/** Where a text belongs. */
export interface Place {
  userId: string;
  sessionId: string;
  /** What names the entry before it has a number, and never changes; the session itself for its name. */
  entry: string;
  field: string;
}

/** A sealed text, taken apart: `w1.<key id>.<mark>.<box>`, all but the first in base64url. */
export interface Sealed {
  keyId: string;
  /** What the text was sealed for, in short: tells a moved text from one that was changed. */
  mark: string;
  box: Buffer;
}

const VERSION = "w1";
const PARTS = /^w1\.([\w-]{1,32})\.([\w-]{8})\.([\w-]+)$/;
const MARK_CHARS = 8;

export function writeSealed(keyId: string, mark: string, box: Buffer): string {
  return `${VERSION}.${keyId}.${mark}.${box.toString("base64url")}`;
}

/** Throws a SealError. */
export function readSealed(text: string): Sealed {
  const [, keyId, mark, payload] = PARTS.exec(text) ?? [];
  if (keyId === undefined || mark === undefined || payload === undefined)
    throw new SealError(
      /^w\d{1,6}\./.test(text) && !text.startsWith("w1.") ? "unknown_version" : "malformed",
    );
  const box = Buffer.from(payload, "base64url");
  // One text for one box: what decodes alike but is written otherwise was changed.
  if (box.length < BOX_BYTES || box.toString("base64url") !== payload)
    throw new SealError("malformed");
  return { keyId, mark, box };
}

/** Authenticated with the text. Without the user, whose session may become another's on identify. */
export function placeBytes({ sessionId, entry, field }: Place): Buffer {
  return boundBytes("warren chat text 1", sessionId, entry, field);
}

export function markOf(place: Uint8Array): string {
  return hash("sha256", place, "base64url").slice(0, MARK_CHARS);
}
