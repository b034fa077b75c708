import { FLOOR_BYTES, WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import type { Stream, StreamOwner } from "../src/index.ts";
import { Line, type LineOptions } from "./_line.ts";
import { Echo, Pinger, Sink, Source } from "./_traffic.ts";

const MBIT = 125_000;
const MIB = 1_048_576;
const UPLINK = { bytesPerSecond: 20 * MBIT, delayMs: 10 };
const FAST = { bytesPerSecond: 50_000_000, delayMs: 5 };
const name = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/**
 * The tunnel on a line of given speed and length, on virtual time. The figures are those that the
 * guarantees in docs/protocol.md state.
 */

/** A line whose agent does with a stream what the stream's opening says. */
function lineOf(
  options: Omit<LineOptions, "onStream" | "poolBytes" | "streams"> & Partial<LineOptions>,
) {
  const line = new Line({
    ...options,
    onStream(stream, opening) {
      const what = String.fromCharCode(opening[0]!);
      if (what === "d") new Source().start(stream);
      else if (what === "f")
        new Source(Number(String.fromCharCode(...opening.subarray(1)))).start(stream);
      else if (what === "e") stream.owner = new Echo();
      else stream.owner = new Sink();
    },
  });
  const open = (what: string, owner: StreamOwner): Stream =>
    line.gateway.open(name(what), false, owner);
  const ping = (pauseMs: number): Pinger => {
    const { network } = line;
    const pinger = new Pinger(
      () => network.now(),
      (task) => void network.after(pauseMs, task),
    );
    pinger.send(open("e", pinger));
    return pinger;
  };
  return { line, open, ping };
}

describe("beside a bulk sender that saturates a 20 Mbit/s line", () => {
  test.each([
    { name: "one bulk stream for ten minutes", bulks: 1, minutes: 10 },
    { name: "ten bulk streams for five", bulks: 10, minutes: 5 },
  ])("a small stream's round trip stays under 150 ms: $name", ({ bulks, minutes }) => {
    const { line, open, ping } = lineOf({ up: UPLINK, down: UPLINK });
    const sinks = Array.from({ length: bulks }, () => new Sink());
    for (const sink of sinks) open("d", sink);
    line.network.pass(2_000);
    const pinger = ping(10);
    const total = () => sinks.reduce((sum, { bytes }) => sum + bytes, 0);
    const before = total();
    line.network.pass(minutes * 60_000);
    expect(pinger.tookMs.length).toBeGreaterThan(1_000);
    expect(pinger.within(0.99)).toBeLessThan(150);
    const share = (total() - before) / (minutes * 60 * UPLINK.bytesPerSecond);
    expect(share).toBeGreaterThan(0.9);
  });

  test("a stream that opens waits no longer than one that is open", () => {
    const { line, open } = lineOf({ up: UPLINK, down: UPLINK });
    open("d", new Sink());
    line.network.pass(5_000);
    const tookMs: number[] = [];
    for (let n = 0; n < 50; n++) {
      const sink = new Sink();
      const at = line.network.now();
      open("f10", sink);
      expect(line.network.until(() => sink.ended, 1_000)).toBe(true);
      tookMs.push(line.network.now() - at);
    }
    expect(Math.max(...tookMs)).toBeLessThan(150);
  });
});

test.each([
  { name: "50 MB/s and 50 ms", bytesPerSecond: 50_000_000, rttMs: 50 },
  { name: "12.5 MB/s and 100 ms", bytesPerSecond: 12_500_000, rttMs: 100 },
  { name: "100 MB/s and 1 ms", bytesPerSecond: 100_000_000, rttMs: 1 },
])("100 MB over $name take at most 1/0.8 of the line's time", ({ bytesPerSecond, rttMs }) => {
  const shape = { bytesPerSecond, delayMs: rttMs / 2 };
  const { line, open } = lineOf({ up: shape, down: shape });
  const sink = new Sink();
  open("f100000000", sink);
  const mostMs = (100_000_000 / bytesPerSecond / 0.8) * 1_000 + rttMs;
  expect(line.network.until(() => sink.ended, mostMs)).toBe(true);
  expect(sink.bytes).toBe(100_000_000);
});

test("1,000 stalled readers with much pending leave others as quick, and memory in its bounds", () => {
  const poolBytes = 32 * MIB;
  const { line, open, ping } = lineOf({ up: FAST, down: FAST, poolBytes });
  const alone = ping(5);
  line.network.pass(10_000);
  const before = alone.within(0.99);
  const sinks = Array.from({ length: 1_000 }, () => new Sink());
  for (const sink of sinks) open("d", sink);
  line.network.pass(2_000);
  for (const sink of sinks) sink.stalled = true;
  line.network.pass(1_000);
  const others = ping(5);
  line.network.pass(10_000);
  expect(others.tookMs.length).toBeGreaterThan(500);
  expect(others.within(0.99)).toBeLessThanOrEqual(2 * before);
  const held = sinks.reduce((sum, { unconsumed }) => sum + unconsumed, 0);
  expect(held).toBeGreaterThan(1_000 * FLOOR_BYTES * 0.9);
  expect(held).toBeLessThanOrEqual(1_000 * FLOOR_BYTES + poolBytes);
  const download = new Sink();
  open("f5000000", download);
  expect(line.network.until(() => download.ended, 5_000)).toBe(true);
});

test("what is kept for replay over a minute without a line stays within floors, pool and 1 MiB", () => {
  const poolBytes = 4 * MIB;
  const { line, open } = lineOf({ up: FAST, down: FAST, poolBytes });
  const streams = Array.from({ length: 10_000 }, () => open("d", new Sink()));
  line.network.pass(1_500);
  line.cut();
  line.network.pass(30_000);
  // Every client leaves while nothing can be said to the agent.
  for (const stream of streams)
    stream.reset(new WireError("cancelled", "the client went away ".repeat(20)));
  line.network.pass(30_000);
  line.join();
  line.network.pass(10_000);
  const bound = 10_000 * FLOOR_BYTES + poolBytes + MIB;
  expect(line.agent.stats().mostReplayBytes).toBeLessThanOrEqual(bound);
  // The gateway sent nothing but openings and what needs no credit.
  const opened = 10_000 * (name("d").length + 8);
  expect(line.gateway.stats().mostReplayBytes).toBeLessThanOrEqual(MIB + opened);
  expect([line.gateway.streams, line.agent.streams]).toEqual([0, 0]);
  expect([line.gateway.pool.lentBytes, line.agent.pool.lentBytes]).toEqual([0, 0]);
  expect(line.errors).toEqual([]);
});

test("more was in flight than a new transport may carry: it is sent again in order, before all else", () => {
  const shape = { bytesPerSecond: 50_000_000, delayMs: 25 };
  const { line, open } = lineOf({ up: shape, down: shape });
  const sinks = Array.from({ length: 5 }, () => new Sink());
  for (const sink of sinks) {
    sink.checking = true;
    open("f20000000", sink);
    // Uploads beside them make the agent give credit while it sends again.
    const source = new Source();
    source.start(open("s", source));
  }
  const all = () => sinks.every(({ ended }) => ended);
  let most = 0;
  for (let n = 0; n < 20 && !all(); n++) {
    line.network.until(all, 700);
    most = Math.max(most, line.agent.stats().replayBytes);
    line.cut();
    line.network.pass(100);
    line.join();
  }
  expect(most).toBeGreaterThan(1_000_000);
  expect(line.network.until(all, 20_000)).toBe(true);
  expect(sinks.map(({ bytes, wrongAt }) => [bytes, wrongAt])).toEqual(
    sinks.map(() => [20_000_000, undefined]),
  );
  expect(line.errors).toEqual([]);
});

test("ten bulk streams share the line evenly", () => {
  const { line, open } = lineOf({ up: UPLINK, down: UPLINK });
  const sinks = Array.from({ length: 10 }, () => new Sink());
  for (const [n, sink] of sinks.entries()) {
    line.network.pass(n * 100);
    open("d", sink);
  }
  line.network.pass(5_000);
  const before = sinks.map(({ bytes }) => bytes);
  line.network.pass(30_000);
  const got = sinks.map(({ bytes }, n) => bytes - before[n]!);
  const mean = got.reduce((sum, bytes) => sum + bytes, 0) / got.length;
  expect(mean * 10).toBeGreaterThan(0.9 * 30 * UPLINK.bytesPerSecond);
  expect(Math.min(...got)).toBeGreaterThan(0.97 * mean);
});

describe("a path that became much slower", () => {
  test("with a resume is measured anew: small streams are quick and bulk fills it at once", () => {
    const shape = { ...FAST };
    const { line, open, ping } = lineOf({ up: shape, down: shape });
    const bulk = new Sink();
    open("d", bulk);
    line.network.pass(5_000);
    line.cut();
    Object.assign(shape, UPLINK);
    line.network.pass(1_000);
    line.join();
    expect(line.agent.stats()).toMatchObject({ capBytes: 65_536, rttMs: undefined });
    line.network.pass(1_000);
    const before = bulk.bytes;
    const pinger = ping(10);
    line.network.pass(20_000);
    expect(pinger.within(0.99)).toBeLessThan(150);
    expect(bulk.bytes - before).toBeGreaterThan(0.9 * 20 * UPLINK.bytesPerSecond);
  });

  test("under a live transport is noticed: what is in flight fits it again within a minute", () => {
    const shape = { ...FAST };
    const { line, open, ping } = lineOf({ up: shape, down: shape });
    open("d", new Sink());
    line.network.pass(5_000);
    Object.assign(shape, UPLINK);
    line.network.pass(60_000);
    const pinger = ping(10);
    line.network.pass(20_000);
    expect(pinger.within(0.99)).toBeLessThan(150);
  });
});
