/** HTTP/2 by hand (RFC 9113), for what Node's client and server refuse to say. All on stream 1. */

const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const frame = (type: number, flags: number, stream: number, payload: Buffer) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const literal = (name: string, value: string) =>
  Buffer.concat([
    Buffer.of(0, name.length),
    Buffer.from(name, "latin1"),
    Buffer.of(value.length),
    Buffer.from(value, "latin1"),
  ]);
const block = (fields: string[][]) =>
  Buffer.concat(fields.map(([name, value]) => literal(name!, value!)));

/** A client's first words and a request, with or without a body; fields as literals. */
export function request(fields: string[][], ended = true): Buffer {
  return Buffer.concat([
    PREFACE,
    settings(),
    frame(HEADERS, END_HEADERS | (ended ? END_STREAM : 0), 1, block(fields)),
  ]);
}

/** A server's first words, and a client's behind its preface. */
export function settings(): Buffer {
  return frame(SETTINGS, 0, 0, Buffer.alloc(0));
}

/** The head of an answer that goes on; fields as literals. */
export function answer(fields: string[][]): Buffer {
  return frame(HEADERS, END_HEADERS, 1, block(fields));
}

/** A piece of a body. */
export function piece(text: string, last = false): Buffer {
  return frame(DATA, last ? END_STREAM : 0, 1, Buffer.from(text));
}

/** The end of the stream at once, as if without an error. */
export function reset(): Buffer {
  return frame(RST_STREAM, 0, 1, Buffer.alloc(4));
}

/** What a client has said so far has a request in it. */
export function asked(bytes: Buffer): boolean {
  return answered(bytes.subarray(PREFACE.length));
}

/** HEADERS or RST_STREAM has come. */
export function answered(bytes: Buffer): boolean {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    const type = bytes[at + 3];
    if (bytes.readUInt32BE(at + 5) === 1 && (type === HEADERS || type === RST_STREAM)) return true;
  }
  return false;
}
