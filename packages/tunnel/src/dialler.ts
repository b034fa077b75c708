import {
  CONTROL_BYTES,
  FEATURES,
  PROTOCOL_VERSION,
  WireError,
  type Control,
  type ControlInput,
  type ErrorCode,
  type Limits,
  type Place,
  type RegisterSuccess,
} from "@warren/wire";
import { Addresses } from "./addresses.ts";
import { Carrier, type Heard } from "./carrier.ts";
import { announce, limitsOf } from "./announce.ts";
import { Early } from "./early.ts";
import type { Pool } from "./pool.ts";
import type { Random, Stream, Transport } from "./ports.ts";
import { Tunnel } from "./tunnel.ts";
import type { TunnelOptions } from "./tunnel-options.ts";
import { askedWait, waitBeforeDial } from "./waits.ts";

/** What a tunnel needs of its surroundings, the same for every tunnel of a process. */
export type TunnelWorld = Pick<
  TunnelOptions,
  "clock" | "endOfTurn" | "allocate" | "toText" | "toBytes" | "broke"
> & { random: Random; timestamp: () => string };

/** Who registers; read again for each dial, so that it may change. */
export interface Registration {
  agentId: string;
  /** Of this run of the process; undefined: every registration is a takeover. */
  instance: string | undefined;
  name: string;
  version: string;
  labels: Record<string, string>;
  place: Place;
  /** See `Register`. */
  ready: boolean;
}

export interface DiallerOwner {
  /** Registered. `resumed`: the streams of before go on. */
  onUp(tunnel: Tunnel, info: RegisterSuccess, resumed: boolean): void;
  /** The transport was lost; streams wait for the next. */
  onDown(tunnel: Tunnel, why: string): void;
  /** The tunnel is over and its streams have failed with `error`. */
  onGone(tunnel: Tunnel, error: WireError): void;
  /** A dial or registration failed; another follows in `retryInMs`. */
  onRetry(error: WireError, retryInMs: number): void;
  /** Another process took this agent's place: nothing is dialled any more. */
  onReplaced(error: WireError): void;
  /** It was told to `retire` and there is nothing left to resume: nothing is dialled any more. */
  onRetired(): void;
  /** Control messages that the dialler does not handle itself. */
  onControl(message: Control): void;
  onStream(stream: Stream, opening: Uint8Array, ended: boolean): void;
}

export interface DiallerOptions {
  world: TunnelWorld;
  /** Where the gateway answers; tried in turn. */
  urls: readonly string[];
  /** Other gateways: they lead a resume to its owner, or know that there is none any more. */
  others: () => readonly string[];
  /** Opens a WebSocket. Rejects with a WireError; `unauthorized` and `forbidden` are tried slowly. */
  dial: (url: string, heard: Heard) => Promise<Transport>;
  registration: () => Registration;
  /** A pool for a new tunnel. */
  pool: () => Pool;
  limits: Limits;
  detectMs: number;
  owner: DiallerOwner;
}

/**
 * The count of failures starts anew only after a connection held for this part of the detection
 * time: 10 s of 30 s. By then each side has said something even if there was nothing to say.
 */
const HELD_PART = 1 / 3;
const REGISTER_MS = 30_000;
/** What waits for a gateway that does not read: the largest snapshot of routes fits. */
const MOST_WAITING_BYTES = 64 * CONTROL_BYTES;

/** With these a gateway ends a tunnel that was up: there is nothing to resume. */
const ENDINGS: ReadonlySet<ErrorCode> = new Set([
  "token_revoked",
  "token_expired",
  "draining",
  "tunnel_lost",
]);

/** Where a dialler stands. Each phase owns its timers and its transport. */
type Phase =
  | { at: "waiting"; cancel: () => void }
  | { at: "dialling"; url: string }
  | { at: "registering"; carrier: Carrier; cancel: () => void }
  | { at: "serving"; carrier: Carrier; sinceMs: number }
  | { at: "closed" };

/**
 * Keeps one association with one gateway alive: dials, registers, resumes, backs off. Invariants:
 *
 * D1. At most one transport is in use; a carrier that is not the phase's is abandoned.
 * D2. It never gives up by itself: only `close` and a takeover end it.
 * D3. The tunnel's streams fail exactly when the gateway says that it does not know the tunnel, or
 *     when `resume_ms` passed since the transport was lost.
 * D4. A tunnel goes on only under the id it began with: one that was given up while its resume was
 *     under way does not come back to life.
 */
export class Dialler {
  readonly #options: DiallerOptions;
  #phase: Phase = { at: "closed" };
  #tunnel: Tunnel | undefined;
  #info: RegisterSuccess | undefined;
  #failures = 0;
  readonly #addresses: Addresses;
  /** The transport leads to another gateway than the tunnel's. */
  #guest = false;
  #retiring = false;
  #cancelLost: (() => void) | undefined;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.#addresses = new Addresses(options.urls, options.others);
  }

  get phase(): Phase["at"] {
    return this.#phase.at;
  }
  get tunnel(): Tunnel | undefined {
    return this.#tunnel;
  }
  get info(): RegisterSuccess | undefined {
    return this.#info;
  }

  /** Dials after `delayMs`. */
  start(delayMs = 0): void {
    if (this.#phase.at === "closed") this.#waitFor(delayMs);
  }

  /** Sends a control message if registered; returns whether it could. */
  send(message: ControlInput): boolean {
    if (this.#phase.at !== "serving") return false;
    this.#phase.carrier.send(message);
    return true;
  }

  /** From now on only streams that exist are resumed; with the last of them the dialler ends. */
  retire(): void {
    this.#retiring = true;
    if (this.#phase.at !== "serving" && (this.#tunnel?.streams ?? 0) === 0) this.#retired();
  }

  get retiring(): boolean {
    return this.#retiring;
  }

  /** Ends the association. Streams that are left fail with `error`. */
  close(error: WireError): void {
    const phase = this.#leave({ at: "closed" });
    if (phase.at === "serving" || phase.at === "registering") {
      phase.carrier.close(1000, error.message.slice(0, 100));
    }
    this.#lose(error);
  }

  #waitFor(ms: number): void {
    const cancel = this.#options.world.clock.after(ms, () => void this.#dial());
    this.#leave({ at: "waiting", cancel });
  }

  /** Replaces the phase, stopping the timers of the one before. */
  #leave(next: Phase): Phase {
    const before = this.#phase;
    if (before.at === "waiting" || before.at === "registering") before.cancel();
    this.#phase = next;
    return before;
  }

  async #dial(): Promise<void> {
    const { dial } = this.#options;
    const url = this.#nextUrl();
    const phase: Phase = { at: "dialling", url };
    this.#leave(phase);
    const line = new Early();
    try {
      const transport = await dial(url, line);
      if (this.#phase !== phase) return transport.terminate(); // D1
      this.#register(line, transport);
    } catch (reason) {
      if (this.#phase !== phase) return;
      this.#retry(WireError.from(reason));
    }
  }

  #nextUrl(): string {
    const own = this.#tunnel === undefined ? undefined : this.#info?.gateway.url;
    const { url, guest } = own === undefined ? this.#addresses.next() : this.#addresses.resume(own);
    this.#guest = guest;
    return url;
  }

  #register(line: Early, transport: Transport): void {
    const { world, detectMs } = this.#options;
    const carrier: Carrier = new Carrier({
      transport,
      clock: world.clock,
      timestamp: world.timestamp,
      detectMs,
      mostWaitingBytes: MOST_WAITING_BYTES,
      onControl: (message) => this.#onControl(carrier, message),
      onBinary: (message) => this.#tunnel?.receive(message),
      onRtt: (ms) => this.#tunnel?.sampleRtt(ms),
      onGone: (_code, why) => this.#onGone(carrier, why),
    });
    this.#leave({ at: "registering", carrier, cancel: this.#registerTimer(carrier) });
    line.connect(carrier);
    this.#sayRegister(carrier);
  }

  #registerTimer(carrier: Carrier): () => void {
    return this.#options.world.clock.after(REGISTER_MS, () =>
      carrier.close(4408, "the gateway did not answer the registration"),
    );
  }

  #sayRegister(carrier: Carrier): void {
    const { agentId, instance, name, version, labels, place, ready } = this.#options.registration();
    const tunnel = this.#tunnel;
    const resume =
      tunnel === undefined || this.#info === undefined
        ? undefined
        : { tunnel_id: this.#info.tunnel_id, received: tunnel.received };
    carrier.send({
      type: "register",
      payload: {
        agent_id: agentId,
        instance,
        name,
        versions: { agent: version, protocol: [PROTOCOL_VERSION] },
        features: [...FEATURES],
        labels,
        place,
        limits: announce(this.#options.limits),
        ready,
        resume,
      },
    });
  }

  #onControl(carrier: Carrier, message: Control): void {
    const phase = this.#phase;
    if (phase.at === "registering" && phase.carrier === carrier) {
      if (message.type === "register_success") return this.#up(carrier, message.payload);
      if (message.type === "register_in_progress") {
        phase.cancel();
        phase.cancel = this.#registerTimer(carrier);
        return;
      }
    }
    if (message.type === "error") this.#onError(carrier, message);
    else this.#options.owner.onControl(message);
  }

  #onError(carrier: Carrier, message: Control & { type: "error" }): void {
    const { code, message: text, retry_after_ms: retryAfterMs } = message.payload;
    const error = new WireError(code, text, retryAfterMs === undefined ? {} : { retryAfterMs });
    if (code === "replaced") {
      this.#leave({ at: "closed" });
      carrier.close(1000, "replaced");
      this.#lose(error);
      return this.#options.owner.onReplaced(error);
    }
    const phase = this.#phase;
    if (phase.at !== "registering" || message.request_id !== undefined) {
      if (message.request_id === undefined && ENDINGS.has(code)) this.#lose(error);
      return this.#options.owner.onControl(message);
    }
    if (code === "unknown_tunnel") return this.#afresh(phase, error);
    this.#leave({ at: "closed" });
    carrier.close(1000, code);
    this.#retry(error);
  }

  /** The gateway does not know the tunnel: it is over, and a new one is registered in our slot. */
  #afresh(phase: Phase & { at: "registering" }, error: WireError): void {
    this.#lose(new WireError("tunnel_lost", "the gateway no longer knows this tunnel"));
    if (this.#retiring) {
      phase.carrier.abandon();
      return this.#retired();
    }
    if (this.#guest) {
      phase.carrier.abandon();
      return this.#retry(error);
    }
    phase.cancel();
    phase.cancel = this.#options.world.clock.after(askedWait(error), () => {
      phase.cancel = this.#registerTimer(phase.carrier);
      this.#sayRegister(phase.carrier);
    });
  }

  #up(carrier: Carrier, info: RegisterSuccess): void {
    const { owner, world, limits, pool } = this.#options;
    this.#leave({ at: "serving", carrier, sinceMs: world.clock.now() });
    this.#addresses.reached();
    this.#cancelLost?.();
    this.#cancelLost = undefined;
    if (info.resumed && info.tunnel_id !== this.#info?.tunnel_id) return this.#broken(NOT_OURS); // D4
    if (!info.resumed) this.#lose(new WireError("tunnel_lost", "the gateway began a new tunnel"));
    this.#info = info;
    this.#tunnel ??= new Tunnel({
      ...world,
      side: "dialler",
      limits,
      peerLimits: limitsOf(info),
      pool: pool(),
      owner: {
        onStream: (stream, opening, ended) => owner.onStream(stream, opening, ended),
        onProtocolError: (error) => this.#broken(error),
      },
    });
    const tunnel = this.#tunnel;
    if (!tunnel.attach(carrier.transport, info.received))
      return this.#broken(new WireError("protocol_error", "resumed at a frame never sent"));
    owner.onUp(tunnel, info, info.resumed);
  }

  /** The tunnel cannot go on; the next dial begins a new one. */
  #broken(error: WireError): void {
    const phase = this.#phase;
    this.#lose(error);
    if (phase.at === "serving") phase.carrier.close(error.close, error.message);
  }

  #onGone(carrier: Carrier, why: string): void {
    const phase = this.#phase;
    if ((phase.at !== "serving" && phase.at !== "registering") || phase.carrier !== carrier) return;
    const { world, owner, detectMs } = this.#options;
    const heldMs = phase.at === "serving" ? world.clock.now() - phase.sinceMs : 0;
    if (heldMs >= detectMs * HELD_PART) this.#failures = 0;
    const tunnel = this.#tunnel;
    if (phase.at === "serving" && tunnel !== undefined) {
      tunnel.detach();
      this.#cancelLost = world.clock.after(this.#info?.resume_ms ?? 60_000, () =>
        this.#lose(new WireError("tunnel_lost", "the tunnel was not resumed in time")),
      );
      owner.onDown(tunnel, why);
    }
    this.#retry(new WireError("cluster_reconnecting", why));
    if (phase.at === "serving") tunnel?.refuseUndeparted();
  }

  /** Chooses the wait before the next dial, starts it and says so. */
  #retry(error: WireError): void {
    if (this.#retiring && (this.#tunnel?.streams ?? 0) === 0) return this.#retired();
    const urgent = (this.#tunnel?.streams ?? 0) > 0;
    const { random } = this.#options.world;
    const wait = waitBeforeDial(error, { failures: this.#failures, urgent, random });
    this.#failures++;
    this.#waitFor(wait);
    this.#options.owner.onRetry(error, wait);
  }

  #retired(): void {
    const phase = this.#leave({ at: "closed" });
    // Else the gateway would go on sending requests into a tunnel that nobody hears.
    if (phase.at === "registering") phase.carrier.close(1000, "the agent goes elsewhere");
    this.#lose(new WireError("tunnel_lost", "the gateway went away"));
    this.#options.owner.onRetired();
  }

  #lose(error: WireError): void {
    this.#cancelLost?.();
    this.#cancelLost = undefined;
    const tunnel = this.#tunnel;
    if (tunnel === undefined) return;
    this.#tunnel = undefined;
    this.#info = undefined;
    tunnel.fail(error);
    this.#options.owner.onGone(tunnel, error);
  }
}

const NOT_OURS = new WireError("protocol_error", "a tunnel was resumed that is not this one");
