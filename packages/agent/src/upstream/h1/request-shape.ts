const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;

/** What an HTTP/1.1 service must be told about a request's body, and how its answer is framed. */
export interface RequestShape {
  /** A HEAD request: the answer has no body, whatever it announces. */
  head: boolean;
  /** Bytes that content-length announces; 0 when there is none. */
  contentLength: number;
  /** The length is not known: the body goes out in chunks. */
  chunked: boolean;
  /** Where the line end after the last field is; what is inserted goes behind it. */
  fieldsEnd: number;
  hasConnection: boolean;
}

/**
 * Reads what framing needs out of an opening's head (bytes from `at` to the end of `bytes`), without
 * making text of it: the gateway has checked the head and wrote it anew. Undefined when the head
 * cannot be framed in one way only, which no gateway sends.
 */
export function readRequestShape(bytes: Uint8Array, at: number): RequestShape | undefined {
  const shape: RequestShape = {
    head: startsWith(bytes, at, "HEAD "),
    contentLength: -1,
    chunked: false,
    fieldsEnd: 0,
    hasConnection: false,
  };
  let line = bytes.indexOf(LF, at) + 1;
  while (line > 0 && line < bytes.length && bytes[line] !== CR) {
    if (!note(shape, bytes, line)) return undefined;
    line = bytes.indexOf(LF, line) + 1;
  }
  const whole = line > 0 && line === bytes.length - 2 && bytes[line + 1] === LF;
  if (!whole || (shape.chunked && shape.contentLength >= 0)) return undefined;
  shape.fieldsEnd = line;
  if (shape.contentLength < 0) shape.contentLength = 0;
  return shape;
}

/** Names are told apart by their first letter and length before they are compared. */
function note(shape: RequestShape, bytes: Uint8Array, line: number): boolean {
  const letter = bytes[line]! | 0x20;
  if (letter === 0x63) {
    if (bytes[line + 14] === COLON && isName(bytes, line, "content-length")) {
      const length = readLength(bytes, line + 15);
      const once = shape.contentLength === -1;
      shape.contentLength = length;
      return once && length >= 0;
    }
    if (bytes[line + 10] === COLON && isName(bytes, line, "connection")) shape.hasConnection = true;
  } else if (letter === 0x74 && bytes[line + 17] === COLON) {
    if (isName(bytes, line, "transfer-encoding")) shape.chunked = true;
  }
  return true;
}

function isName(bytes: Uint8Array, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    // Only letters and "-" are compared; setting 0x20 changes no other byte into one of those.
    const byte = bytes[at + i]!;
    if ((byte === 0x2d ? byte : byte | 0x20) !== lower.charCodeAt(i)) return false;
  }
  return true;
}

function readLength(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at++;
  const digits = at;
  let value = 0;
  for (; bytes[at]! >= 0x30 && bytes[at]! <= 0x39; at++) value = value * 10 + bytes[at]! - 0x30;
  return bytes[at] === CR && at > digits && at - digits <= 15 ? value : -1;
}

function startsWith(bytes: Uint8Array, at: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

/** Methods that may be sent twice with the effect of once (RFC 9110 §9.2.2). */
const IDEMPOTENT = ["GET ", "HEAD ", "OPTIONS ", "PUT ", "DELETE ", "TRACE "];

/** Looked up only when a pooled connection died: rare. */
export function isIdempotent(bytes: Uint8Array, at: number): boolean {
  return IDEMPOTENT.some((word) => startsWith(bytes, at, word));
}
