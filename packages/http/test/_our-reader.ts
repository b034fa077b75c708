import {
  BodyReader,
  type BodySink,
  findHeadEnd,
  parseRequestHead,
  parseResponseHead,
  Refusal,
  type RequestHead,
  requestStart,
  type ResponseHead,
} from "../src/index.ts";
import type { Heard } from "./_heard.ts";

export interface OurHeard {
  messages: Heard[];
  refused: Refusal | undefined;
}

/**
 * Reads a connection's bytes with this room's readers, message after message; bodies in pieces, as
 * a socket would give them.
 */
export function weRead(
  bytes: Uint8Array,
  answered: readonly string[] | undefined,
  pieceBytes: number,
): OurHeard {
  const heard: OurHeard = { messages: [], refused: undefined };
  let at = 0;
  let finals = 0;
  while (at < bytes.length) {
    const start = answered === undefined ? requestStart(bytes, at) : at;
    const headEnd = start === -1 ? -1 : findHeadEnd(bytes, start);
    if (headEnd === -1) return heard;
    const text = Buffer.from(bytes.subarray(start, headEnd)).toString("latin1");
    const source = { bytes, from: start, text };
    const head =
      answered === undefined
        ? parseRequestHead(source)
        : parseResponseHead(source, { method: answered[finals] ?? "GET" });
    if (head instanceof Refusal) return { ...heard, refused: head };
    if ("status" in head && head.status >= 200) finals++;
    const message = started(head);
    heard.messages.push(message);
    const body = new BodyReader(head);
    const sink = {
      onBody: (piece: Uint8Array) => {
        message.body += Buffer.from(piece).toString("latin1");
      },
    };
    const stopped = readInPieces(body, bytes, headEnd, pieceBytes, sink);
    if (stopped instanceof Refusal) return { ...heard, refused: stopped };
    if (!body.done && body.finish() !== undefined) return heard;
    at = stopped;
    message.end = at;
    message.trailers = body.trailers;
    if (message.upgrade || (!message.keepAlive && !isInformational(head))) return heard;
  }
  return heard;
}

function readInPieces(
  body: BodyReader,
  bytes: Uint8Array,
  from: number,
  pieceBytes: number,
  sink: BodySink,
): number | Refusal {
  let at = from;
  while (at < bytes.length && !body.done) {
    const piece = bytes.subarray(0, at + pieceBytes);
    const stopped = body.read(piece, at, sink);
    if (stopped instanceof Refusal) return stopped;
    at = stopped;
  }
  return at;
}

function isInformational(head: RequestHead | ResponseHead): boolean {
  return "status" in head && head.status < 200;
}

function started(head: RequestHead | ResponseHead): Heard {
  return {
    line: "status" in head ? `${head.status} ${head.reason}` : `${head.method} ${head.target}`,
    minor: head.minor,
    fields: head.fields,
    body: "",
    trailers: [],
    keepAlive: head.keepAlive,
    upgrade: head.upgrade !== "",
    end: undefined,
  };
}
