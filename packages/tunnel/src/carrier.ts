import {
  parseControl,
  type Control,
  type ControlInput,
  CONTROL,
  CONTROL_BYTES,
  PROTOCOL_VERSION,
} from "@warren/wire";
import { ControlQueue } from "./control-queue.ts";
import type { Clock, Transport } from "./ports.ts";

/** What a WebSocket says to whoever uses it. Messages come whole and in order; `onClose` once, last. */
export interface Heard {
  onBinary(message: Uint8Array): void;
  onText(message: string): void;
  onClose(code: number, reason: string): void;
}

export interface CarrierOptions {
  transport: Transport;
  clock: Clock;
  /** RFC 3339 of now, for the envelope. */
  timestamp: () => string;
  /** A transport that says nothing for this long is dead. */
  detectMs: number;
  /** Text that may wait for a peer that does not read; more ends the transport. */
  mostWaitingBytes: number;
  /** `text`: the message as it came. */
  onControl: (message: Control, text: string) => void;
  onBinary: (message: Uint8Array) => void;
  /** A round trip was measured by ping and pong. */
  onRtt: (ms: number) => void;
  /** The transport is gone, for whatever reason. Called once. */
  onGone: (code: number, why: string) => void;
}

/**
 * One transport in use: control messages, and whether it lives. Nothing on the path of data looks at
 * a clock: traffic sets a flag, and a timer reads it. With ticks of detectMs / 12, an idle transport
 * says something every detectMs / 3 to / 2 (10-15 s of 30 s), and a silent one is found dead before
 * detectMs is over.
 */
export class Carrier implements Heard {
  readonly transport: Transport;
  readonly #options: CarrierOptions;
  readonly #unknown = new Set<string>();
  readonly #says: ControlQueue;
  #heard = true;
  #said = true;
  #heardAtMs: number;
  #saidAtMs: number;
  #pingAtMs: number | undefined;
  #cancelTick: () => void;
  #gone = false;

  constructor(options: CarrierOptions) {
    this.#options = options;
    this.#heardAtMs = this.#saidAtMs = options.clock.now();
    this.#cancelTick = options.clock.after(this.#tickMs, this.#tick);
    // The tunnel's own writes count as something said.
    const { transport } = options;
    this.transport = {
      send: (message) => transport.send(message),
      sendText: (message, taken) => transport.sendText(message, taken),
      batch: (writes) => {
        this.#said = true;
        transport.batch(writes);
      },
      close: (code, reason) => transport.close(code, reason),
      terminate: () => transport.terminate(),
      get bufferedBytes() {
        return transport.bufferedBytes;
      },
    };
    this.#says = new ControlQueue(transport, options.mostWaitingBytes, this.#full);
  }

  get gone(): boolean {
    return this.#gone;
  }

  send(message: ControlInput): void {
    if (this.#gone) return;
    this.#said = true;
    this.#says.say(message, this.#options.timestamp());
  }

  /** Closes in order; the owner hears `onGone` at once and need not wait for the peer. */
  close(code: number, reason: string): void {
    this.#options.transport.close(code, reason);
    this.#end(code, reason);
  }

  /** Drops the transport without telling its owner: a newer one has taken its place. */
  abandon(): void {
    this.#stop();
    this.#options.transport.terminate();
  }

  /** Leaves the transport, as it is, to another hearer. */
  release(): void {
    this.#stop();
  }

  onBinary(message: Uint8Array): void {
    if (this.#gone) return;
    this.#heard = true;
    this.#options.onBinary(message);
  }

  onText(text: string): void {
    if (this.#gone) return;
    this.#heard = true;
    if (text.length > CONTROL_BYTES) return this.close(1009, "a control message over the limit");
    const parsed = parseControl(text);
    if (parsed.ok) return this.#onControl(parsed.message, text);
    if ("unknown" in parsed) return this.#fallBack(parsed.unknown, parsed.request_id);
    this.send({
      type: "error",
      request_id: parsed.request_id,
      payload: { code: "bad_request", message: parsed.problem.slice(0, 500) },
    });
  }

  onClose(code: number, reason: string): void {
    this.#end(code, reason === "" ? `the transport closed (${code})` : reason);
  }

  #onControl(message: Control, text: string): void {
    if (message.type === "ping") {
      this.send({ type: "pong", request_id: message.request_id, payload: {} });
    } else if (message.type === "pong") {
      const sentAtMs = this.#pingAtMs;
      this.#pingAtMs = undefined;
      if (sentAtMs !== undefined) this.#options.onRtt(this.#options.clock.now() - sentAtMs);
    } else {
      this.#options.onControl(message, text);
    }
  }

  /** Once per unknown type: a newer peer learns what this side understands (G-22). */
  #fallBack(type: string, requestId: string | undefined): void {
    if (this.#unknown.has(type) || this.#unknown.size > 64) return;
    this.#unknown.add(type);
    this.send({
      type: "protocol_fallback",
      request_id: requestId,
      payload: {
        unknown_type: type,
        supported_types: Object.keys(CONTROL),
        protocol_version: PROTOCOL_VERSION,
      },
    });
  }

  get #tickMs(): number {
    return this.#options.detectMs / 12;
  }

  readonly #tick = (): void => {
    const now = this.#options.clock.now();
    const { detectMs } = this.#options;
    if (this.#heard) this.#heardAtMs = now;
    if (this.#said) this.#saidAtMs = now;
    this.#heard = this.#said = false;
    if (now - this.#heardAtMs >= detectMs - 2 * this.#tickMs) {
      this.#options.transport.terminate();
      return this.#end(1006, `nothing was heard for ${Math.round(now - this.#heardAtMs)} ms`);
    }
    if (now - this.#saidAtMs >= detectMs / 3 - 1) {
      this.#pingAtMs ??= now;
      this.send({ type: "ping", payload: {} });
    }
    this.#cancelTick = this.#options.clock.after(this.#tickMs, this.#tick);
  };

  readonly #full = (): void => {
    this.#options.transport.terminate();
    this.#end(1006, "more was said than the peer reads");
  };

  #end(code: number, why: string): void {
    if (this.#gone) return;
    this.#stop();
    this.#options.onGone(code, why);
  }

  #stop(): void {
    this.#gone = true;
    this.#says.close();
    this.#cancelTick();
  }
}
