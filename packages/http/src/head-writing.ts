import { linesOf, type Fields } from "./fields.ts";
import type { Framing } from "./framing.ts";

/** What a writer says of the body and of the connection; parsed heads have this shape. */
export interface Ending {
  readonly framing: Framing;
  /** Written where no coding is; -1 for none. */
  readonly contentLength: number;
  /** Protocol to change to, "" for none. */
  readonly upgrade: string;
}

/** What to say in Connection where no upgrade speaks for itself. */
export type ConnectionSaid = "" | "close" | "keep-alive";

/**
 * A request head as latin-1 text, with the empty line. `lines` are end-to-end ones (`endToEndLines`,
 * `Forwarding`): framing and connection fields are written here, from `head`.
 */
export function requestHeadText(
  head: Ending & { readonly method: string; readonly target: string },
  lines: string,
  connection: ConnectionSaid = "",
): string {
  return `${head.method} ${head.target} HTTP/1.1\r\n${lines}${ending(head, connection)}`;
}

/** A response head as latin-1 text, with the empty line; as `requestHeadText`. */
export function responseHeadText(
  head: Ending & { readonly status: number; readonly reason: string },
  lines: string,
  connection: ConnectionSaid = "",
): string {
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${lines}${ending(head, connection)}`;
}

function ending(head: Ending, connection: ConnectionSaid): string {
  let text = "";
  if (head.framing === "chunked") text += "transfer-encoding: chunked\r\n";
  else if (head.contentLength >= 0) text += `content-length: ${head.contentLength}\r\n`;
  if (head.upgrade !== "") text += `connection: upgrade\r\nupgrade: ${head.upgrade}\r\n`;
  else if (connection !== "") text += `connection: ${connection}\r\n`;
  return `${text}\r\n`;
}

/** What goes before a chunk of `bytes` (more than 0); CR LF goes behind it. */
export function chunkHeader(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}
/** Behind one chunk and before the next: one write for both. */
export function nextChunkHeader(bytes: number): string {
  return `\r\n${bytes.toString(16)}\r\n`;
}
/** The last chunk with the trailers, if any; ends the message. */
export function lastChunk(trailers: Fields): string {
  return trailers.length === 0 ? "0\r\n\r\n" : `0\r\n${linesOf(trailers)}\r\n`;
}
