import { EventEmitter } from "node:events";
import type { Duplex, Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ws from "ws";
import { WebSocketReads } from "./websocket-reads.ts";

/** Exported by `ws`, and left out of its types. */
type ReceiverClass = new (options: { isServer: boolean; maxPayload: number }) => Writable;
const { Receiver } = ws as unknown as { Receiver: ReceiverClass };

const MOST_BYTES = 150_000;
/** What a reader said, and how it ended. */
type Said = [kind: string, ...rest: (string | number)[]];

/** A receiver of `ws` that hears `data` as its WebSocket does, and notes what it makes of that. */
function receiver(isServer: boolean, said: Said[]): Writable {
  const one = new Receiver({ isServer, maxPayload: MOST_BYTES });
  one.on("message", (data: Buffer, binary: boolean) => said.push(heard(binary, data)));
  one.on("ping", (data: Buffer) => said.push(["ping", data.toString("latin1")]));
  one.on("pong", (data: Buffer) => said.push(["pong", data.toString("latin1")]));
  one.on("conclude", (code: number, reason: Buffer) => said.push(["close", code, String(reason)]));
  one.on("error", (error: Error & { code?: string }) => said.push(["error", error.code ?? ""]));
  return one;
}

function heard(binary: boolean, data: Buffer): Said {
  return binary ? ["binary", data.toString("latin1")] : ["text", data.toString()];
}

/** Reads `bytes` in reads of at most the given lengths, as the kernel would fill what it is given. */
function read({ onread }: WebSocketReads, bytes: Buffer, lengths: readonly number[]): void {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const into = onread.buffer();
    const most = Math.min(into.length, lengths[turn % lengths.length]!);
    const piece = bytes.subarray(at, at + most);
    into.set(piece);
    at += piece.length;
    onread.callback(piece.length, into);
  }
}

async function throughReads(isServer: boolean, bytes: Buffer, lengths: number[]): Promise<Said[]> {
  const said: Said[] = [];
  const socket = Object.assign(new EventEmitter(), { destroyed: false }) as unknown as Duplex;
  const rest = receiver(isServer, said);
  // As `ws` does: what comes after a failure or a close is nobody's.
  const isOver = () => rest.destroyed || rest.writableEnded || rest.errored !== null;
  socket.on("data", (chunk: Buffer) => void (isOver() || rest.write(chunk)));
  const reads = new WebSocketReads(socket, {
    masked: isServer,
    maxMessageBytes: MOST_BYTES,
    maxTextBytes: MOST_BYTES,
    onBinary: (message) => said.push(heard(true, message)),
  });
  read(reads, bytes, lengths);
  await new Promise(setImmediate);
  socket.emit("close");
  return said;
}

async function throughWs(isServer: boolean, bytes: Buffer): Promise<Said[]> {
  const said: Said[] = [];
  receiver(isServer, said).write(bytes);
  await new Promise(setImmediate);
  return said;
}

interface Frame {
  first: number;
  payload: Buffer;
  mask: number | undefined;
  /** Bytes in which the length is said beyond the first, where it needs no more. */
  extended?: 0 | 2 | 8;
}

function encode({ first, payload, mask, extended = 0 }: Frame): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(14);
  head[0] = first;
  const masked = mask === undefined ? 0 : 0x80;
  let at = 2;
  if (length < 126 && extended === 0) head[1] = masked | length;
  else if (length < 65_536 && extended < 8) {
    head[1] = masked | 126;
    at = head.writeUInt16BE(length, 2);
  } else {
    head[1] = masked | 127;
    at = head.writeBigUInt64BE(BigInt(length), 2);
  }
  if (mask === undefined) return Buffer.concat([head.subarray(0, at), payload]);
  const key = at;
  at = head.writeUInt32BE(mask, at);
  const sent = payload.map((byte, i) => byte ^ head[key + (i % 4)]!);
  return Buffer.concat([head.subarray(0, at), sent]);
}

/** Frames that a peer of ours sends, mostly; and some of every other kind. */
function frames(isServer: boolean): fc.Arbitrary<Frame[]> {
  const first = fc.oneof(
    { weight: 12, arbitrary: fc.constant(0x82) },
    { weight: 4, arbitrary: fc.constantFrom(0x81, 0x89, 0x8a) },
    { weight: 1, arbitrary: fc.constantFrom(0x01, 0x02, 0x00, 0x80, 0x88, 0xc2, 0x83, 0x09) },
  );
  const length = fc.oneof(
    { weight: 8, arbitrary: fc.nat(300) },
    { weight: 3, arbitrary: fc.constantFrom(125, 126, 65_535, 65_536, 70_000, MOST_BYTES) },
    { weight: 1, arbitrary: fc.constant(MOST_BYTES + 1) },
  );
  const right = isServer ? 0 : undefined;
  const mask = fc.oneof(
    { weight: 20, arbitrary: fc.constant(right) },
    { weight: 1, arbitrary: fc.constantFrom(isServer ? undefined : 0, 0x01020304) },
  );
  const byte = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    { weight: 1, arbitrary: fc.constant(0xff) },
  );
  const extended = fc.oneof(
    { weight: 20, arbitrary: fc.constant(0 as const) },
    { weight: 1, arbitrary: fc.constantFrom(2 as const, 8 as const) },
  );
  const frame = fc
    .record({ first, length, mask, byte, extended })
    .map(({ first: kind, length: bytes, mask: key, byte: fill, extended: longer }) => {
      const control = kind === 0x89 || kind === 0x8a;
      const payload = Buffer.alloc(control ? Math.min(bytes, 126) : bytes, fill);
      // A close frame with a proper code.
      if (kind === 0x88 && bytes >= 2) payload.writeUInt16BE(1000);
      return { first: kind, payload, mask: key, extended: longer };
    });
  return fc.array(frame, { minLength: 1, maxLength: 25 });
}

describe.each([
  { side: "a server", isServer: true },
  { side: "a client", isServer: false },
])("what $side reads", ({ isServer }) => {
  test("is what ws alone makes of the same bytes, however they are cut", async () => {
    const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(262_144)), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(frames(isServer), lengths, async (given, cuts) => {
        const bytes = Buffer.concat(given.map(encode));
        // A byte at a time through a hundred thousand says no more than a thousand at a time.
        const scaled = bytes.length > 20_000 ? cuts.map((cut) => cut * 1_000) : cuts;
        const said = await throughReads(isServer, Buffer.from(bytes), scaled);
        expect(said).toEqual(await throughWs(isServer, bytes));
      }),
      { numRuns: 300 },
    );
  });
});

test("messages stay as they were read while others follow", () => {
  const heardNow: { at: Buffer; was: string }[] = [];
  const socket = Object.assign(new EventEmitter(), { destroyed: false }) as unknown as Duplex;
  const reads = new WebSocketReads(socket, {
    masked: false,
    maxMessageBytes: MOST_BYTES,
    maxTextBytes: MOST_BYTES,
    onBinary: (at) => heardNow.push({ at, was: at.toString("latin1") }),
  });
  const sent = Array.from({ length: 400 }, (_, i) => {
    const payload = Buffer.alloc((i * 997) % 70_000, String(i));
    return encode({ first: 0x82, payload, mask: undefined });
  });
  read(reads, Buffer.concat(sent), [65_536, 100, 40_000, 262_144, 9]);
  expect(heardNow).toHaveLength(400);
  for (const { at, was } of heardNow) expect(at.toString("latin1")).toBe(was);
  socket.emit("close");
});
