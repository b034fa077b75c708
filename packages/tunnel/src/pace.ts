import { Extreme } from "./extreme.ts";

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

/** What was known when a flush left, kept until its last frame is acknowledged. */
interface Departure {
  /** Count of sequenced frames sent, this flush included. */
  upTo: number;
  atMs: number;
  delivered: number;
  deliveredAtMs: number;
  /** The sender had nothing more to send: the sample says little about the path. */
  idle: boolean;
}

/**
 * How many bytes may be unacknowledged on a transport: about twice (delivery rate x smallest RTT),
 * measured from the tunnel's own acknowledgements. Delivery-rate sampling follows BBR
 * (draft-cheng-iccrg-delivery-rate-estimation): bytes acknowledged between a departure and its
 * acknowledgement, over the time between. One object lives as long as one transport.
 */
export class Pace {
  readonly #rtt = new Extreme("smallest", RTT_SPAN_MS);
  /** Bytes per millisecond. */
  readonly #rate = new Extreme("largest", RATE_SPAN_MS);
  readonly #departures: Departure[] = [];
  #next = 0;
  #delivered = 0;
  #deliveredAtMs = 0;
  #cap = MIN_IN_FLIGHT_BYTES;

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
    if (this.#next === this.#departures.length) this.#deliveredAtMs = nowMs;
    this.#departures.push({
      upTo,
      atMs: nowMs,
      delivered: this.#delivered,
      deliveredAtMs: this.#deliveredAtMs,
      idle,
    });
  }

  /** The peer has frames up to `upTo`, `bytes` more than before; it waited `delayMs` to say so. */
  acknowledged(upTo: number, bytes: number, nowMs: number, delayMs: number): void {
    this.#delivered += bytes;
    this.#deliveredAtMs = nowMs;
    let last: Departure | undefined;
    while (this.#next < this.#departures.length && this.#departures[this.#next]!.upTo <= upTo)
      last = this.#departures[this.#next++];
    if (this.#next > 512 || this.#next === this.#departures.length) {
      this.#departures.splice(0, this.#next);
      this.#next = 0;
    }
    if (last === undefined) return;
    this.sampleRtt(Math.max(0, nowMs - last.atMs - delayMs), nowMs);
    const rate = (this.#delivered - last.delivered) / Math.max(0.05, nowMs - last.deliveredAtMs);
    if (!last.idle || rate > (this.#rate.value ?? 0)) this.#rate.add(rate, nowMs);
    this.#cap = Math.max(MIN_IN_FLIGHT_BYTES, 2 * (this.#rate.value ?? 0) * this.effectiveRttMs);
  }

  sampleRtt(rttMs: number, nowMs: number): void {
    this.#rtt.add(rttMs, nowMs);
  }

  /** The round trip that windows are computed with. */
  get effectiveRttMs(): number {
    return Math.max(RTT_FLOOR_MS, this.#rtt.value ?? RTT_FLOOR_MS);
  }
}
