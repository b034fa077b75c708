import { FLOOR_BYTES, FRAME, WireError, writeFrameHeader, writeU32, writeU48 } from "@warren/wire";
import { expect, test } from "vitest";
import type { Stream } from "../src/index.ts";
import { Reader } from "../src/reader.ts";
import { ManualClock, Recorder, TunnelPair } from "../src/testing/index.ts";
import { Sink, Source } from "./_traffic.ts";

/** What writers may make a tunnel hold, whatever its peer gives credit for and acknowledges. */
const MIB = 1_048_576;
const PIECE_BYTES = 65_536;
const ENDLESS = 0xf000_0000;
const OVER = new WireError("tunnel_lost", "over");

function signal(type: number, stream: number, bytes: number): Uint8Array {
  const length = type === FRAME.ack ? 6 : 4;
  const frame = new Uint8Array(8 + length);
  writeFrameHeader(frame, 0, { type, flags: 0, length, stream });
  if (length === 6) writeU48(frame, 8, bytes);
  else writeU32(frame, 8, bytes);
  return frame;
}

/** A peer that opened `count` streams, to which the other side writes as long as it may. */
function greedyPeer(count: number, poolBytes: number) {
  const clock = new ManualClock();
  const pair = new TunnelPair({
    clock,
    poolBytes,
    onStream: (stream) => new Source().start(stream),
  });
  /** Frames that reached the peer. */
  let frames = 0;
  const reader = new Reader({ onFrame: (first) => void (first !== FRAME.ack && frames++) }, 65_536);
  pair.pipe.left.onBinary = (message) => void reader.read(message);
  const ids = Array.from({ length: count }, (_, n) => 2 * n + 1);
  for (const id of ids) {
    const open = new Uint8Array(9);
    writeFrameHeader(open, 0, { type: FRAME.open, flags: 0, length: 1, stream: id });
    pair.acceptor.receive(open);
  }
  for (const id of ids) pair.acceptor.receive(signal(FRAME.credit, id, ENDLESS));
  pair.settle();
  const acknowledge = (): void => pair.acceptor.receive(signal(FRAME.ack, 0, frames));
  return { pair, clock, acknowledge, stats: () => pair.acceptor.stats() };
}

test("a peer that gives credit without end and takes nothing makes writers wait, each behind its floor", () => {
  const count = 500;
  const { pair, stats } = greedyPeer(count, MIB);
  const { queuedBytes, mostReplayBytes } = stats();
  // The piece that goes over a bound is always taken.
  expect(queuedBytes).toBeLessThanOrEqual(MIB + count * (FLOOR_BYTES + PIECE_BYTES));
  expect(queuedBytes).toBeGreaterThan(count * FLOOR_BYTES);
  expect(mostReplayBytes).toBeLessThanOrEqual(65_536);
  pair.acceptor.fail(OVER);
  const { queued, kept } = pair.acceptor.pool;
  expect([queued.takenBytes, kept.takenBytes, stats().replayBytes]).toEqual([0, 0, 0]);
});

test("a peer that lures much into flight and then acknowledges nothing is kept no more than floors and pool", () => {
  const count = 10;
  const poolBytes = 4 * MIB;
  const { pair, clock, acknowledge, stats } = greedyPeer(count, poolBytes);
  // As over a line as long as it likes: the bound on what is in flight follows.
  for (let round = 0; round < 9; round++) {
    clock.advance(1_000);
    acknowledge();
    pair.settle();
  }
  expect(stats().mostReplayBytes).toBeGreaterThan(poolBytes / 4);
  expect(stats().mostReplayBytes).toBeLessThanOrEqual(
    Math.max(poolBytes, 65_536 + count * FLOOR_BYTES) + PIECE_BYTES,
  );
  expect(pair.acceptor.pool.kept.takenBytes).toBe(stats().replayBytes);
});

test("a budget that others have used up leaves each stream its floor: all come to their end", () => {
  const count = 50;
  const length = 300_000;
  const sinks = Array.from({ length: count }, () => new Sink());
  const pair = new TunnelPair({
    poolBytes: 1,
    onStream: (stream) => new Source(length).start(stream),
  });
  for (const sink of sinks) {
    sink.checking = true;
    pair.dialler.open(Uint8Array.of(1), true, sink);
  }
  // A window of a floor, and credit back with half of it: nothing but turns.
  pair.settle();
  expect(sinks.map(({ bytes, wrongAt }) => [bytes, wrongAt])).toEqual(
    sinks.map(() => [length, undefined]),
  );
  expect(pair.acceptor.pool.queued.takenBytes).toBe(0);
});

test("pieces of one byte count for what they weigh", () => {
  const count = 100;
  const streams: Stream[] = [];
  const pair = new TunnelPair({
    poolBytes: 1,
    onStream: (stream) => {
      stream.owner = new Recorder();
      streams.push(stream);
    },
  });
  for (let n = 0; n < count; n++) pair.dialler.open(Uint8Array.of(1), true, new Recorder());
  pair.settle();
  pair.pipe.cut();
  let pieces = 0;
  for (const stream of streams) for (; stream.write(Uint8Array.of(1), false);) pieces++;
  expect(pieces).toBeLessThanOrEqual((count * FLOOR_BYTES) / 128);
  expect(pieces).toBeGreaterThan(count * 100);
  pair.join();
  pair.settle();
  expect(streams.every(({ writable }) => writable)).toBe(true);
  expect(pair.acceptor.pool.queued.takenBytes).toBe(0);
});

test("a stream that waits is told when its own bytes have left, however full the whole still is", () => {
  const sinks = [new Sink(), new Sink()] as const;
  const streams: Stream[] = [];
  const pair = new TunnelPair({ poolBytes: MIB, onStream: (stream) => void streams.push(stream) });
  for (const sink of sinks) pair.dialler.open(Uint8Array.of(1), true, sink);
  pair.settle();
  const owners = streams.map((stream) => (stream.owner = new Recorder()));
  pair.acceptor.receive(signal(FRAME.credit, streams[0]!.id, ENDLESS));
  pair.pipe.cut();
  // One has queued more than all may: it goes out in turns with the other.
  streams[0]!.write(new Uint8Array(4 * MIB), false);
  expect(streams[1]!.write(new Uint8Array(FLOOR_BYTES - 200), false)).toBe(true);
  expect(streams[1]!.write(new Uint8Array(100), false)).toBe(false);
  pair.join();
  for (let n = 0; n < 100 && owners[1]!.writable === 0; n++) pair.settle(1);
  expect(owners[1]!.writable).toBe(1);
  expect(pair.acceptor.stats().queuedBytes).toBeGreaterThan(MIB);
});
