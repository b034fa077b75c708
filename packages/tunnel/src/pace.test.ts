import { expect, test } from "vitest";
import { MIN_IN_FLIGHT_BYTES, Pace, RTT_FLOOR_MS } from "./pace.ts";

/** A path of a rate and a round trip that is kept as full as the bound allows, for `ms`. */
function saturate(pace: Pace, path: { bytesPerMs: number; rttMs: number }, ms: number, fromMs = 0) {
  const flight: { upTo: number; bytes: number; doneMs: number }[] = [];
  let [frames, inFlight, freeMs, acked] = [0, 0, fromMs, 0];
  for (let nowMs = fromMs; nowMs < fromMs + ms; nowMs++) {
    for (; flight[0] !== undefined && flight[0].doneMs <= nowMs;) {
      const { upTo, bytes } = flight.shift()!;
      inFlight -= bytes;
      acked = upTo;
      pace.acknowledged(acked, bytes, nowMs, 0);
    }
    while (inFlight + 8_192 <= pace.capBytes) {
      freeMs = Math.max(freeMs, nowMs) + 8_192 / path.bytesPerMs;
      flight.push({ upTo: ++frames, bytes: 8_192, doneMs: freeMs + path.rttMs });
      inFlight += 8_192;
      pace.departed(frames, nowMs, false);
    }
  }
}

test("before anything is measured the bound is the least", () => {
  expect(new Pace().capBytes).toBe(MIN_IN_FLIGHT_BYTES);
  expect(new Pace().rttMs).toBeUndefined();
  expect(new Pace().effectiveRttMs).toBe(RTT_FLOOR_MS);
});

test.each([
  { name: "a slow line", bytesPerMs: 2_500, rttMs: 40 },
  { name: "a fast one", bytesPerMs: 50_000, rttMs: 50 },
  { name: "a long one", bytesPerMs: 12_500, rttMs: 200 },
])(
  "on $name the bound comes to about twice rate x round trip, and stays there for an hour",
  (path) => {
    const pace = new Pace();
    saturate(pace, path, 60_000);
    const product = path.bytesPerMs * path.rttMs;
    for (const ms of [60_000, 3_600_000]) {
      saturate(pace, path, 1_000, ms);
      expect(pace.capBytes / product).toBeGreaterThan(1.4);
      expect(pace.capBytes / product).toBeLessThan(3);
      expect(pace.bytesPerSecond / (path.bytesPerMs * 1_000)).toBeCloseTo(1, 0);
    }
  },
);

test("a standing queue is not taken for the path: the smallest round trip is looked for again", () => {
  const pace = new Pace();
  saturate(pace, { bytesPerMs: 10_000, rttMs: 50 }, 600_000);
  expect(pace.rttMs).toBeLessThan(60);
});

test("a round trip below the floor counts as the floor: loops are slower than wires", () => {
  const pace = new Pace();
  saturate(pace, { bytesPerMs: 100_000, rttMs: 0 }, 2_000);
  expect(pace.effectiveRttMs).toBe(RTT_FLOOR_MS);
  expect(pace.capBytes).toBeGreaterThan(100_000 * RTT_FLOOR_MS);
});

test("the peer's delay before it acknowledged is no part of the round trip", () => {
  const pace = new Pace();
  pace.departed(1, 0, true);
  pace.acknowledged(1, 100, 45, 20);
  expect(pace.rttMs).toBe(25);
});

test("an early word after a late one does not make the path look fast", () => {
  const pace = new Pace();
  // Ten frames leave together and arrive 10 ms apart; the peer is slow to say so for the first nine.
  pace.departed(1, 0, false);
  pace.acknowledged(1, 10_000, 20, 0);
  for (let n = 2; n <= 11; n++) pace.departed(n, 20, false);
  pace.acknowledged(10, 90_000, 130, 20);
  pace.departed(12, 130, false);
  pace.acknowledged(12, 20_000, 140, 0);
  expect(pace.bytesPerSecond).toBeLessThanOrEqual(1_000_000);
});

test("a rate that the path had once is forgotten when it has it no more", () => {
  const pace = new Pace();
  saturate(pace, { bytesPerMs: 10_000, rttMs: 20 }, 2_000);
  for (let n = 0; n < 200; n++) {
    pace.departed(1_000_000 + n, 3_000 + n * 100, false);
    pace.acknowledged(1_000_000 + n, 50_000, 3_090 + n * 100, 0);
  }
  expect(pace.bytesPerSecond).toBeLessThan(1_000_000);
});

test("a sender with little to say does not make the path look slow", () => {
  const pace = new Pace();
  saturate(pace, { bytesPerMs: 10_000, rttMs: 20 }, 2_000);
  const before = pace.bytesPerSecond;
  for (let n = 0; n < 300; n++) {
    pace.departed(1_000_000 + n, 3_000 + n * 100, true);
    pace.acknowledged(1_000_000 + n, 100, 3_020 + n * 100, 0);
  }
  expect(pace.bytesPerSecond).toBe(before);
});

/** A line of `rate` bytes/ms and `rttMs`, always full: one flush of `bytes` a millisecond. */
function fill(pace: Pace, line: { rate: number; rttMs: number; ms: number }): void {
  const { rate, rttMs, ms } = line;
  for (let now = 0; now < ms; now++) {
    pace.departed(now + 1, now, false);
    const back = now - rttMs;
    if (back >= 0) pace.acknowledged(back + 1, rate, now, 0);
  }
}

test("in flight is twice the product of rate and round trip, once the rate stopped growing", () => {
  const pace = new Pace();
  fill(pace, { rate: 50_000, rttMs: 50, ms: 1_000 });
  expect(pace.rttMs).toBe(50);
  expect(pace.bytesPerSecond / 50e6).toBeCloseTo(1, 1);
  expect(pace.capBytes / (2 * 50 * 50_000)).toBeCloseTo(1, 1);
});

test("while the rate still grows, more may be in flight", () => {
  const pace = new Pace();
  fill(pace, { rate: 50_000, rttMs: 50, ms: 60 });
  expect(pace.capBytes).toBeGreaterThan(2 * pace.effectiveRttMs * (pace.bytesPerSecond / 1_000));
});

test("a burst that a slow line took at once is not taken for its rate", () => {
  const pace = new Pace();
  pace.departed(1, 100, true);
  pace.acknowledged(1, 16_384, 100.1, 0);
  expect(pace.bytesPerSecond).toBeLessThanOrEqual((16_384 / RTT_FLOOR_MS) * 1_000);
  expect(pace.capBytes).toBe(MIN_IN_FLIGHT_BYTES);
});

test("acknowledgements that come bunched together are not taken for a fast line", () => {
  const pace = new Pace();
  // 10 kB sent every 10 ms; the acknowledgements of 20 of those are held up and come at once.
  for (let i = 0; i < 60; i++) pace.departed(i + 1, i * 10, false);
  for (let i = 0; i < 20; i++) pace.acknowledged(i + 1, 10_000, i * 10 + 40, 0);
  for (let i = 20; i < 60; i++) pace.acknowledged(i + 1, 10_000, 640, 0);
  expect(pace.bytesPerSecond).toBeLessThan(1.3e6);
});

test("the bound is whole bytes, since payloads are cut by it", () => {
  const pace = new Pace();
  fill(pace, { rate: 33_333, rttMs: 17, ms: 500 });
  expect(pace.capBytes).toBeGreaterThan(MIN_IN_FLIGHT_BYTES);
  expect(Number.isInteger(pace.capBytes)).toBe(true);
});
