import { FLOOR_BYTES, FRAME } from "@warren/wire";
import type { Budget } from "./budget.ts";
import { Composer, type Allocate } from "./composer.ts";
import { MIN_IN_FLIGHT_BYTES, Pace } from "./pace.ts";
import { tellWritable, type Broke } from "./owner-broke.ts";
import type { Clock, EndOfTurn, Transport } from "./ports.ts";
import { Replay, weight, type Frame } from "./replay.ts";
import type { MuxStream } from "./stream.ts";
import { Turns } from "./turns.ts";

/** A slice of a stream that shares the transport with others, or has a slow one to itself. */
const SLICE_BYTES = 16_384;
/** Alone, a stream sends slices of this share of the bound: on a slow line others wait behind one. */
const SLICES_IN_FLIGHT = 8;
/**
 * Less room than this is not worth a frame: all wait for the next acknowledgement. Bulk waits for
 * room for a whole slice: who happened to get the crumbs of room would have less than its share.
 */
const CRUMB_BYTES = 4_096;
/** So much received is acknowledged at the end of the turn, less within ACK_DELAY_MS. */
const ACK_BYTES = 16_384;
const ACK_DELAY_MS = 20;

export interface SenderOptions {
  clock: Clock;
  endOfTurn: EndOfTurn;
  allocate: Allocate;
  /** Largest payload that the peer takes. */
  frameBytes: number;
  /** What may be kept until it is acknowledged, beside a floor for each stream. */
  kept: Budget;
  /** Streams open now. */
  streams: () => number;
  /** Hears of bugs: what an owner threw. */
  broke: Broke;
}

/**
 * All that leaves a tunnel: acknowledgements first, then what an earlier transport lost, then
 * control frames, then streams in turns, within the bound on bytes in flight. Invariants:
 *
 * S1. A frame gets its number when it leaves for the first time, so order of numbers is order on
 *     the wire, on whichever transport.
 * S2. Nothing is held for batching: all that credit and the bound allow leaves by the end of the
 *     turn of the event loop in which it was allowed.
 * S3. Data waits in its stream, not in the transport, so control frames overtake it.
 * S4. What is kept is what was budgeted for, whatever the peer says that it takes and however late
 *     it acknowledges: `#counted` of it is taken from the budget.
 */
export class Sender {
  readonly replay = new Replay();
  readonly #options: SenderOptions;
  readonly #turns = new Turns();
  readonly #controls: Frame[] = [];
  readonly #composer: Composer;
  readonly #unblocked: MuxStream[] = [];
  #pace = new Pace();
  #transport: Transport | undefined;
  #scheduled = false;
  #received = 0;
  #owed = 0;
  #owedBytes = 0;
  #waitingSignals = 0;
  #counted = 0;
  #heardAtMs = 0;
  /** When the first of what is owed was heard; undefined while nothing is. */
  #owedSinceMs: number | undefined;
  #cancelAckTimer: (() => void) | undefined;
  /** Times that data had to wait for acknowledgements. */
  stalls = 0;
  bytesSent = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#composer = new Composer(options.allocate);
  }

  get pace(): Pace {
    return this.#pace;
  }
  get transport(): Transport | undefined {
    return this.#transport;
  }
  /** Sequenced frames received from the peer, over all transports. */
  get received(): number {
    return this.#received;
  }

  /** Sends again from the peer's last received number on. False when that number cannot be. */
  attach(transport: Transport, peerReceived: number): boolean {
    if (!this.replay.rewind(peerReceived)) return false;
    this.#count();
    this.#transport = transport;
    this.#pace = new Pace(); // another path: nothing measured before holds
    this.#owed = this.#owedBytes = 0; // the resume itself said what was received
    this.#owedSinceMs = undefined;
    this.schedule();
    return true;
  }

  detach(): void {
    this.#transport = undefined;
    this.#cancelAckTimer?.();
    this.#cancelAckTimer = undefined;
  }

  /** Over: nothing is kept for a next transport. */
  close(): void {
    this.detach();
    this.#controls.length = this.#waitingSignals = 0;
    this.replay.clear();
    this.#count();
  }

  /** A sequenced frame came in. */
  heard(bytes: number): void {
    this.#received++;
    this.#owed++;
    this.#owedBytes += bytes;
  }

  /** A message was read whole: acknowledges now if it was much, soon if little. */
  heardAll(): void {
    if (this.#owed === 0) return;
    this.#heardAtMs = this.#options.clock.now();
    this.#owedSinceMs ??= this.#heardAtMs;
    if (this.#owedBytes >= ACK_BYTES) this.schedule();
    else this.#cancelAckTimer ??= this.#options.clock.after(ACK_DELAY_MS, this.#ackIsDue);
  }

  /** The peer has our frames up to `upTo`. False when that was never sent. */
  acknowledged(upTo: number, delayMs: number): boolean {
    const bytes = this.replay.acknowledge(upTo);
    if (bytes < 0) return false;
    this.#count();
    if (bytes > 0) this.#pace.acknowledged(upTo, bytes, this.#options.clock.now(), delayMs);
    if (!this.#turns.empty || this.replay.behind || this.#controls.length > 0) this.schedule();
    return true;
  }

  /** Weight of resets, stops and credit that the peer has not acknowledged, sent or not. */
  get signalBytes(): number {
    return this.replay.signalBytes + this.#waitingSignals;
  }

  control(frame: Frame): void {
    this.#controls.push(frame);
    this.#waitingSignals += weight(frame);
    this.schedule();
  }

  enter(stream: MuxStream): void {
    if (stream.inLine || !stream.sendable) return;
    this.#turns.enter(stream, stream.sparse);
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled || this.#transport === undefined) return;
    this.#scheduled = true;
    this.#options.endOfTurn(this.#flush);
  }

  /**
   * The timer runs on when an acknowledgement leaves with other frames, as nearly all do: setting and
   * forgetting one for each message costs more than finding out here that nothing is owed.
   */
  readonly #ackIsDue = (): void => {
    this.#cancelAckTimer = undefined;
    if (this.#owedSinceMs === undefined) return;
    const { clock } = this.#options;
    const leftMs = this.#owedSinceMs + ACK_DELAY_MS - clock.now();
    if (leftMs < 1) this.schedule();
    else this.#cancelAckTimer = clock.after(leftMs, this.#ackIsDue);
  };

  readonly #flush = (): void => {
    this.#scheduled = false;
    const transport = this.#transport;
    if (transport === undefined) return;
    transport.batch(this.#write);
    if (this.#unblocked.length === 0) return;
    const unblocked = this.#unblocked.splice(0);
    const { broke } = this.#options;
    for (const stream of unblocked) if (stream.unblocked()) tellWritable(stream, broke);
  };

  readonly #write = (): void => {
    const transport = this.#transport;
    if (transport === undefined) return;
    const before = this.replay.departed;
    this.#acknowledge(transport);
    this.#again(transport);
    if (!this.replay.behind) {
      for (const frame of this.#controls) this.#depart(frame, transport);
      this.#controls.length = this.#waitingSignals = 0;
      this.#data(transport);
    }
    this.#count();
    this.#composer.finish(transport);
    const departed = this.replay.departed;
    if (departed === before) return;
    const idle = this.#turns.empty && !this.replay.behind;
    this.#pace.departed(departed, this.#options.clock.now(), idle);
  };

  #acknowledge(transport: Transport): void {
    if (this.#owed === 0) return;
    this.#owed = this.#owedBytes = 0;
    this.#owedSinceMs = undefined;
    const waited = Math.round((this.#options.clock.now() - this.#heardAtMs) * 100);
    const ack: Frame = {
      first: FRAME.ack,
      stream: Math.max(0, waited),
      payload: undefined,
      value: this.#received,
    };
    this.#composer.add(ack, transport);
  }

  #again(transport: Transport): void {
    while (this.replay.behind && this.#room() > 0) {
      const frame = this.replay.again()!;
      this.bytesSent += frame.payload?.length ?? 0;
      this.#composer.add(frame, transport);
    }
  }

  #data(transport: Transport): void {
    const most = this.#mostKept();
    for (;;) {
      const room = Math.min(this.#room(), most - this.replay.keptBytes);
      const stream = room < CRUMB_BYTES ? undefined : this.#turns.next(room >= SLICE_BYTES);
      if (stream === undefined) {
        if (!this.#turns.empty) this.stalls++;
        return;
      }
      if (stream.sendable) this.#slice(stream, room, transport);
    }
  }

  #slice(stream: MuxStream, room: number, transport: Transport): void {
    this.#depart(stream.take(Math.min(this.#sliceBytes(), room)), transport);
    if (stream.sendable) this.#turns.enter(stream, stream.sparse);
    if (stream.writable) this.#unblocked.push(stream);
  }

  #sliceBytes(): number {
    const { frameBytes } = this.#options;
    if (this.#turns.contended) return Math.min(SLICE_BYTES, frameBytes);
    const share = Math.floor(this.#pace.capBytes / SLICES_IN_FLIGHT);
    return Math.min(frameBytes, Math.max(SLICE_BYTES, share));
  }

  #depart(frame: Frame, transport: Transport): void {
    this.replay.push(frame); // S1
    this.bytesSent += frame.payload?.length ?? 0;
    this.#composer.add(frame, transport);
  }

  /** What may be kept once the streams have had their turns (S4); floors, whatever others keep. */
  #mostKept(): number {
    const { kept, streams } = this.#options;
    return Math.max(
      MIN_IN_FLIGHT_BYTES + streams() * FLOOR_BYTES,
      this.replay.keptBytes + kept.offer(),
    );
  }

  #count(): void {
    const bytes = this.replay.keptBytes;
    if (bytes === this.#counted) return;
    this.#options.kept.take(bytes - this.#counted);
    this.#counted = bytes;
  }

  #room(): number {
    return this.#pace.capBytes - this.replay.inFlightBytes;
  }
}
