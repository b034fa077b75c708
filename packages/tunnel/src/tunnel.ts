import { FLAG, FRAME, readU32, readU48, WireError, type ErrorCode } from "@warren/wire";
import { assemble } from "./block.ts";
import { IdleCredit } from "./idle-credit.ts";
import type { Pool } from "./pool.ts";
import { Leftovers } from "./leftovers.ts";
import { ownerBroke, tellReset } from "./owner-broke.ts";
import type { Stream, StreamOwner, Transport } from "./ports.ts";
import { Reader } from "./reader.ts";
import type { Frame } from "./replay.ts";
import { resetError, resetText } from "./reset-text.ts";
import { Sender } from "./sender.ts";
import { MuxStream, NOBODY, type StreamHost } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";
import type { TunnelOptions } from "./tunnel-options.ts";
import type { TunnelStats } from "./tunnel-stats.ts";
import { refuseUndeparted } from "./undeparted.ts";

const LAST_ID = 0xffff_ffff;
/** With more than this of unacknowledged resets, stops and credit, resets say their code alone. */
const TERSE_BYTES = 131_072;
/** What resets, stops and credit for one stream weigh at most, terse. */
const SIGNALS_OF_A_STREAM_BYTES = 128;
const MOST_SIGNAL_BYTES = 1_048_576;
/** Nothing to whoever waits for an answer over the tunnel: no visitor is asked for an agent's token. */
const DIALLERS_OWN: ReadonlySet<ErrorCode> = new Set([
  "replaced",
  "token_revoked",
  "token_expired",
]);

/**
 * Many streams over one resumable association. Transports come (`attach`) and go (`detach`);
 * streams stay. Invariants:
 *
 * T1. A stream's direction ends exactly once, with an end flag or a reset; its id is free when both
 *     have ended. A frame that carries bytes for a stream that is not there breaks the protocol;
 *     resets, credit and stops may arrive late and are ignored.
 * T2. Reading never waits for a consumer: a frame is handed over in the turn in which it came.
 * T3. After `fail` nothing is sent or heard.
 * T4. An owner that throws costs its own stream: the others go on, and so does this process.
 */
export class Tunnel implements StreamHost {
  readonly pool: Pool;
  readonly #options: TunnelOptions;
  readonly #sender: Sender;
  readonly #streams = new StreamTable();
  readonly #reader: Reader;
  readonly #idleCredit: IdleCredit;
  readonly #leftovers: Leftovers;
  #nextId: number;
  #ours = 0;
  #theirs = 0;
  #opened = 0;
  #bytesReceived = 0;
  #resumes = -1;
  #failed: WireError | undefined;
  readonly #mostSignalBytes: number;

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.pool = options.pool;
    this.#nextId = options.side === "dialler" ? 1 : 2;
    this.#sender = new Sender({
      clock: options.clock,
      endOfTurn: options.endOfTurn,
      allocate: options.allocate,
      frameBytes: options.peerLimits.frameBytes,
      kept: options.pool.kept,
      streams: () => this.#streams.size,
      broke: options.broke,
    });
    this.#reader = new Reader({ onFrame: this.#onFrame }, options.limits.frameBytes);
    this.#leftovers = new Leftovers(options.pool, options.clock);
    this.#idleCredit = new IdleCredit(options.clock, (stream, bytes) =>
      this.#control(FRAME.giveBack, stream.id, undefined, bytes),
    );
    const streams = options.limits.streams + options.peerLimits.streams;
    this.#mostSignalBytes = Math.max(MOST_SIGNAL_BYTES, streams * SIGNALS_OF_A_STREAM_BYTES);
  }

  /** Sequenced frames received so far: what a resume tells the peer. */
  get received(): number {
    return this.#sender.received;
  }
  get attached(): boolean {
    return this.#sender.transport !== undefined;
  }
  get failed(): WireError | undefined {
    return this.#failed;
  }
  /** Streams open now, by whichever side. */
  get streams(): number {
    return this.#streams.size;
  }
  /** False at the peer's limit of streams. */
  get openable(): boolean {
    return this.#failed === undefined && this.#ours < this.#options.peerLimits.streams;
  }
  get rttMs(): number | undefined {
    return this.#sender.pace.rttMs;
  }

  /**
   * Opens a stream; `opening` is a whole opening block. Throws `overloaded` at the peer's limit,
   * `headers_too_large` above its head limit, and what the tunnel failed with.
   */
  open(opening: Uint8Array, end: boolean, owner: StreamOwner): Stream {
    if (this.#failed !== undefined) throw this.#failed;
    const { peerLimits } = this.#options;
    if (this.#ours >= peerLimits.streams)
      throw new WireError("overloaded", "the tunnel has all the streams it may have", {
        retryAfterMs: 1_000,
      });
    if (opening.length > peerLimits.headBytes)
      throw new WireError("headers_too_large", `the head is over ${peerLimits.headBytes} bytes`);
    const stream = new MuxStream(this.#freeId(), this, owner);
    this.#streams.add(stream);
    this.#ours++;
    this.#opened++;
    stream.enqueue(FRAME.open, opening, end);
    return stream;
  }

  /** Carries on over a new transport; `peerReceived` is what the peer said it has. */
  attach(transport: Transport, peerReceived: number): boolean {
    if (this.#failed !== undefined) return false;
    if (!this.#sender.attach(transport, peerReceived)) return false;
    this.#resumes++;
    this.#reader.reset();
    this.#idleCredit.start();
    return true;
  }

  /** The transport is gone; streams wait for the next one. */
  detach(): void {
    this.#sender.detach();
  }

  /**
   * Gives back streams of this side that never left: their owners hear `refused`, as from a peer that
   * did not read them, and may send them over another tunnel instead of waiting for this one.
   */
  refuseUndeparted(): void {
    refuseUndeparted(this.#streams.values(), this.#options.broke);
  }

  /** Reads one binary message of the attached transport; without one, what comes was never sent. */
  receive(message: Uint8Array): void {
    if (this.#failed !== undefined || !this.attached) return;
    this.#bytesReceived += message.length;
    const wrong = this.#reader.read(message);
    if (wrong !== undefined) this.#broken(wrong);
    else if (this.#sender.signalBytes > this.#mostSignalBytes)
      this.#broken("nothing is acknowledged");
    else this.#sender.heardAll();
  }

  /** A measured round trip (a pong): windows use it before any bulk was sent. */
  sampleRtt(rttMs: number): void {
    this.#sender.pace.sampleRtt(rttMs, this.#options.clock.now());
  }

  /**
   * Ends the tunnel: every stream hears `error`, or `tunnel_lost` where that is about who dialled. The
   * transport is the caller's to close.
   */
  fail(error: WireError): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    const told = DIALLERS_OWN.has(error.code) ? new WireError("tunnel_lost", error.message) : error;
    this.#sender.close();
    for (const stream of this.#streams.values()) {
      const owner = stream.owner;
      stream.drop();
      stream.deaf = true;
      stream.owner = NOBODY;
      stream.window.close(this.pool);
      tellReset(owner, stream, told, this.#options.broke);
    }
    this.#streams.clear();
    this.#idleCredit.close();
    this.#leftovers.close();
  }

  stats(): TunnelStats {
    const { replay, pace } = this.#sender;
    return {
      streams: this.#streams.size,
      opened: this.#opened,
      bytesSent: this.#sender.bytesSent,
      bytesReceived: this.#bytesReceived,
      resumes: Math.max(0, this.#resumes),
      stalls: this.#sender.stalls,
      rttMs: pace.rttMs,
      bytesPerSecond: pace.bytesPerSecond,
      inFlightBytes: replay.inFlightBytes,
      capBytes: pace.capBytes,
      replayBytes: replay.keptBytes,
      mostReplayBytes: replay.mostKeptBytes,
      lentBytes: this.pool.lentBytes,
      queuedBytes: this.pool.queued.takenBytes,
    };
  }

  // StreamHost: what streams ask for.

  ready(stream: MuxStream): void {
    this.#sender.enter(stream);
  }

  sendReset(stream: MuxStream, error: WireError): void {
    const terse = this.#sender.signalBytes > TERSE_BYTES;
    const text = resetText(error.code, error.message, terse);
    this.#control(FRAME.reset, stream.id, this.#options.toBytes(text));
  }

  sendStop(stream: MuxStream): void {
    this.#control(FRAME.stop, stream.id, undefined);
  }

  consumed(stream: MuxStream, bytes: number): void {
    if (this.#failed !== undefined) return;
    if (stream.receiveEnded) {
      stream.window.left(bytes, this.pool);
      return this.#leftovers.left(stream);
    }
    if (!stream.window.consumed(bytes)) return;
    const rttMs = this.#sender.pace.effectiveRttMs;
    const path = { nowMs: this.#options.clock.now(), rttMs, pool: this.pool };
    const credit = stream.window.grant(path);
    if (credit > 0) this.#control(FRAME.credit, stream.id, undefined, credit);
  }

  finished(stream: MuxStream): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#idleCredit.forget(stream);
    // What was reset or stopped here was dropped by its owner; anything else still has to leave.
    if (stream.deaf || stream.stopSent) stream.window.close(this.pool);
    else this.#leftovers.add(stream);
    if (this.#isOurs(stream.id)) this.#ours--;
    else this.#theirs--;
  }

  // What comes in.

  readonly #onFrame = (first: number, id: number, payload: Uint8Array): string | undefined => {
    const type = first & 0x0f;
    if (type === FRAME.ack) {
      const known = this.#sender.acknowledged(readU48(payload, 0), id / 100);
      return known ? undefined : "frames were acknowledged that were never sent";
    }
    this.#sender.heard(payload.length + 8);
    if (type === FRAME.open && !this.#streams.has(id)) {
      const wrong = this.#accept(id);
      if (wrong !== undefined) return wrong;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return type <= FRAME.trailers ? "bytes for no stream" : undefined; // T1
    try {
      if (type <= FRAME.trailers) return this.#onBytes(stream, first, payload);
      return this.#onSignal(stream, type, payload);
    } catch (reason) {
      const ended = type <= FRAME.trailers && (first & FLAG.end) !== 0;
      ownerBroke(stream, reason, ended, this.#options.broke); // T4
      return undefined;
    }
  };

  #onBytes(stream: MuxStream, first: number, payload: Uint8Array): string | undefined {
    if (stream.receiveEnded) return "bytes after the end of a stream";
    if (!stream.window.arrived(payload.length)) return "bytes beyond the credit of a stream";
    const end = (first & FLAG.end) !== 0;
    if (stream.deaf || stream.stopSent) {
      // A stop may have cut a block short at the sender: nothing is joined any more.
      stream.partial = undefined;
      stream.window.left(payload.length, this.pool);
      if (end) this.#peerEnded(stream);
      return undefined;
    }
    if ((first & 0x0f) === FRAME.data) {
      if (stream.partial !== undefined) return "bytes inside a block";
      if (payload.length > 0) stream.owner.onData(stream, payload);
      if (end) this.#peerEnded(stream);
      return undefined;
    }
    return this.#onBlock(stream, first, payload);
  }

  #onBlock(stream: MuxStream, first: number, payload: Uint8Array): string | undefined {
    const type = first & 0x0f;
    if (type === FRAME.head && !this.#isOurs(stream.id)) return "a head on a stream of its own";
    const block = assemble(stream, first, payload, this.#options.limits.headBytes);
    if (typeof block === "string") return block;
    this.consumed(stream, payload.length);
    if (block === undefined) return undefined;
    const end = (first & FLAG.end) !== 0;
    if (type === FRAME.open) return this.#onOpen(stream, block, end);
    if (type === FRAME.head) stream.owner.onHead(stream, block);
    else stream.owner.onTrailers(stream, block);
    if (end) this.#peerEnded(stream);
    return undefined;
  }

  #onOpen(stream: MuxStream, opening: Uint8Array, end: boolean): string | undefined {
    if (this.#isOurs(stream.id) || stream.owner !== NOBODY) return "a stream was opened twice";
    if (end) stream.receiveEnd();
    this.#options.owner.onStream(stream, opening, end);
    return undefined;
  }

  #onSignal(stream: MuxStream, type: number, payload: Uint8Array): string | undefined {
    switch (type) {
      case FRAME.credit:
        return this.#onCredit(stream, readU32(payload, 0));
      case FRAME.giveBack:
        return stream.window.returned(readU32(payload, 0), this.pool)
          ? undefined
          : "more credit was given back than was there";
      case FRAME.stop:
        stream.stopped();
        return undefined;
      default:
        this.#onReset(stream, payload);
        return undefined;
    }
  }

  #onCredit(stream: MuxStream, bytes: number): string | undefined {
    stream.credit += bytes;
    if (stream.credit > LAST_ID) return "too much credit";
    this.#idleCredit.watch(stream);
    this.#sender.enter(stream);
    if (stream.unblocked()) stream.owner.onWritable(stream);
    return undefined;
  }

  #onReset(stream: MuxStream, payload: Uint8Array): void {
    const error = resetError(this.#options.toText(payload));
    const { owner, deaf } = stream;
    stream.drop();
    stream.deaf = true;
    stream.owner = NOBODY;
    if (!stream.sendEnded) {
      this.#control(FRAME.reset, stream.id, undefined); // T1: our direction ends as well
      stream.sendEnded = true;
    }
    stream.receiveEnd();
    if (!deaf) owner.onReset(stream, error);
  }

  #peerEnded(stream: MuxStream): void {
    if (stream.deaf) return stream.receiveEnd();
    const owner = stream.owner;
    stream.receiveEnd();
    owner.onEnd(stream);
  }

  #accept(id: number): string | undefined {
    if (id === 0 || this.#isOurs(id)) return "a stream was opened with an id of this side";
    if (this.#theirs >= this.#options.limits.streams) return "more streams than announced";
    const stream = new MuxStream(id, this, NOBODY);
    stream.departed = true;
    this.#streams.add(stream);
    this.#theirs++;
    this.#opened++;
    return undefined;
  }

  #broken(wrong: string): void {
    const error = new WireError("protocol_error", wrong);
    const transport = this.#sender.transport;
    this.fail(error);
    transport?.close(error.close, wrong);
    this.#options.owner.onProtocolError(error);
  }

  #control(type: number, stream: number, payload: Uint8Array | undefined, value = 0): void {
    const frame: Frame = { first: type, stream, payload, value };
    this.#sender.control(frame);
  }

  #isOurs(id: number): boolean {
    return (id & 1) === (this.#options.side === "dialler" ? 1 : 0);
  }

  #freeId(): number {
    for (;;) {
      const id = this.#nextId;
      this.#nextId = id + 2 > LAST_ID ? 2 - (id & 1) : id + 2;
      if (!this.#streams.has(id)) return id;
    }
  }
}
