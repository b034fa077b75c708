import { eachToken, readDecimal, sameWord } from "./ascii.ts";
import type { FieldLines } from "./field-lines.ts";
import { refused, Refusal } from "./refusal.ts";

/** How the end of a body is found. */
export type Framing = "none" | "length" | "chunked" | "until-close";

const BAD_LENGTH = refused("content-length must be decimal digits");
const BOTH = refused("content-length together with transfer-encoding");
const OLD_CODING = refused("transfer-encoding in HTTP/1.0");
const OTHER_CODING = new Refusal("not_implemented", "a transfer coding other than chunked");
const BAD_CONNECTION = refused("connection must be a list of tokens");

/**
 * The announced length (-1 for none), or why lengths and codings contradict each other. Anything
 * that two readers could frame differently is refused (RFC 9112 §6.3 leaves a choice; we take none).
 */
export function readLength(lines: FieldLines, minor: number): number | Refusal {
  const { contentLength, transferEncoding } = lines;
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) return BOTH;
    if (minor === 0) return OLD_CODING;
    return sameWord(transferEncoding, "chunked") ? -1 : OTHER_CODING;
  }
  if (contentLength === undefined) return -1;
  const length = readDecimal(contentLength);
  return length === -1 ? BAD_LENGTH : length;
}

/** What Connection asks for. `keepAlive` starts from the version's default. */
export class ConnectionWords {
  keepAlive: boolean;
  upgrade = false;
  constructor(minor: number) {
    this.keepAlive = minor > 0;
  }
}

/** Reads Connection (RFC 9110 §7.6.1); `close` wins over `keep-alive`. */
export function readConnection(list: string | undefined, minor: number): ConnectionWords | Refusal {
  const words = new ConnectionWords(minor);
  if (list === undefined) return words;
  if (sameWord(list, "keep-alive")) {
    words.keepAlive = true;
    return words;
  }
  let close = false;
  const good = eachToken(list, (from, to) => {
    if (sameWord(list, "close", from, to)) close = true;
    else if (sameWord(list, "keep-alive", from, to)) words.keepAlive = true;
    else if (sameWord(list, "upgrade", from, to)) words.upgrade = true;
  });
  if (close) words.keepAlive = false;
  return good ? words : BAD_CONNECTION;
}
