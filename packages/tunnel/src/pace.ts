import { Extreme } from "./extreme.ts";
import { Ramp } from "./ramp.ts";

/** Never fewer bytes in flight than this, whatever was measured (DESIGN §3). */
export const MIN_IN_FLIGHT_BYTES = 65_536;
/**
 * Round trips shorter than this are counted as this long. Between two processes on one machine the
 * wire takes microseconds and the event loop milliseconds: without a floor the bound would follow
 * the wire and starve the loop. It adds at most this much queue on a fast path.
 */
export const RTT_FLOOR_MS = 8;
const RTT_SPAN_MS = 30_000;
const RATE_SPAN_MS = 5_000;
/**
 * When no round trip came near the smallest for this long, the bound itself keeps a queue on the
 * path: it is lowered until a round trip without one was seen (BBR's ProbeRTT). Else each span would
 * measure the queue of the one before, and the bound would double with each.
 */
const PROBE_EVERY_MS = 10_000;
const NEAR = 1.1;
/** Below one, since the largest of the delivery rates is above the true one. */
const PROBE_GAIN = 0.5;
/** In flight, in products of rate and round trip; more while the rate is still being found out. */
const GAIN = 2;
const CLIMBING_GAIN = 3;

/** What was known when a flush left, kept until its last frame is acknowledged. */
interface Departure {
  /** Count of sequenced frames sent, this flush included. */
  upTo: number;
  atMs: number;
  delivered: number;
  deliveredAtMs: number;
  /** When the newest flush left that was acknowledged by then. */
  sentAtMs: number;
  /** The sender had nothing more to send: the sample says little about the path. */
  idle: boolean;
}

/**
 * How many bytes may be unacknowledged on a transport: about twice (delivery rate x smallest RTT),
 * measured from the tunnel's own acknowledgements. Delivery-rate sampling follows BBR
 * (draft-cheng-iccrg-delivery-rate-estimation): bytes acknowledged between a departure and its
 * acknowledgement, over the time between, or over the time that sending them took where that is
 * longer: acknowledgements that come bunched together say nothing about the path. One object lives
 * as long as one transport.
 */
export class Pace {
  readonly #rtt = new Extreme("smallest", RTT_SPAN_MS);
  /** Bytes per millisecond. */
  readonly #rate = new Extreme("largest", RATE_SPAN_MS);
  readonly #departures: Departure[] = [];
  readonly #ramp = new Ramp();
  #next = 0;
  #delivered = 0;
  #deliveredAtMs = 0;
  #sentAtMs = 0;
  #cap = MIN_IN_FLIGHT_BYTES;
  #nearAtMs: number | undefined;
  #probeUntilMs: number | undefined;

  /** Bytes that may be in flight now. */
  get capBytes(): number {
    return this.#cap;
  }

  /** Smallest round trip seen lately, milliseconds. */
  get rttMs(): number | undefined {
    return this.#rtt.value;
  }

  /** Largest delivery rate seen lately, bytes per second. */
  get bytesPerSecond(): number {
    return (this.#rate.value ?? 0) * 1_000;
  }

  /** A flush left: frames up to `upTo` are on their way. */
  departed(upTo: number, nowMs: number, idle: boolean): void {
    if (this.#next === this.#departures.length) this.#deliveredAtMs = this.#sentAtMs = nowMs;
    this.#departures.push({
      upTo,
      atMs: nowMs,
      delivered: this.#delivered,
      deliveredAtMs: this.#deliveredAtMs,
      sentAtMs: this.#sentAtMs,
      idle,
    });
  }

  /** The peer has frames up to `upTo`, `bytes` more than before; it waited `delayMs` to say so. */
  acknowledged(upTo: number, bytes: number, nowMs: number, delayMs: number): void {
    // When the peer had them, not when it said so: else an early word after a late one looks fast.
    const atMs = Math.max(this.#deliveredAtMs, nowMs - delayMs);
    this.#delivered += bytes;
    this.#deliveredAtMs = atMs;
    let last: Departure | undefined;
    while (this.#next < this.#departures.length && this.#departures[this.#next]!.upTo <= upTo)
      last = this.#departures[this.#next++];
    if (this.#next > 512 || this.#next === this.#departures.length) {
      this.#departures.splice(0, this.#next);
      this.#next = 0;
    }
    if (last === undefined) return;
    const rttMs = Math.max(0, nowMs - last.atMs - delayMs);
    this.sampleRtt(rttMs, nowMs);
    this.#watchQueue(rttMs, nowMs);
    this.#sampleRate(last, nowMs);
    const gain = this.#probeUntilMs !== undefined ? PROBE_GAIN : this.#gain;
    const most = gain * (this.#rate.value ?? 0) * this.effectiveRttMs;
    // Whole bytes: what is left of it cuts payloads, and credit is counted by what was cut.
    this.#cap = Math.max(MIN_IN_FLIGHT_BYTES, Math.floor(most));
  }

  get #gain(): number {
    return this.#ramp.climbing ? CLIMBING_GAIN : GAIN;
  }

  #sampleRate(last: Departure, nowMs: number): void {
    this.#sentAtMs = last.atMs;
    const delivered = this.#delivered - last.delivered;
    const answeredInMs = this.#deliveredAtMs - last.deliveredAtMs;
    const rate = delivered / Math.max(RTT_FLOOR_MS, answeredInMs, last.atMs - last.sentAtMs);
    if (!last.idle || rate > (this.#rate.value ?? 0)) this.#rate.add(rate, nowMs);
    // A bulk sender that its credit holds back has found the path's end too.
    if (!last.idle || delivered >= MIN_IN_FLIGHT_BYTES)
      this.#ramp.sample(rate, last.delivered, this.#delivered);
  }

  /** Begins and ends probes for the round trip without a queue. */
  #watchQueue(rttMs: number, nowMs: number): void {
    if (this.#probeUntilMs !== undefined) {
      if (nowMs < this.#probeUntilMs) return;
      this.#probeUntilMs = undefined;
      this.#nearAtMs = nowMs;
    } else if (rttMs <= this.effectiveRttMs * NEAR) {
      this.#nearAtMs = nowMs;
    } else if (nowMs - (this.#nearAtMs ??= nowMs) > PROBE_EVERY_MS) {
      // One round trip to drain, one to see.
      this.#probeUntilMs = nowMs + 2 * rttMs;
    }
  }

  sampleRtt(rttMs: number, nowMs: number): void {
    this.#rtt.add(rttMs, nowMs);
  }

  /** The round trip that windows are computed with. */
  get effectiveRttMs(): number {
    return Math.max(RTT_FLOOR_MS, this.#rtt.value ?? RTT_FLOOR_MS);
  }
}
