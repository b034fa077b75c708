import { CHAT_PROTOCOL, type ClientFrame, type ServerFrame, type ServerFrames } from "@warren/wire";
import { Alarm, type Clock } from "../clock.ts";
import { backoffMs } from "./backoff.ts";
import type { ConnectionState, Line, LineListener, OpenSocket, Socket, Welcome } from "./line.ts";
import { TokenRenewal } from "./token-renewal.ts";
import { verdictOf } from "./verdict.ts";

export interface DirectLineOptions {
  /** Of the socket, without a token. */
  url: string;
  token: () => Promise<string>;
  deviceId: string;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  openSocket: OpenSocket;
  /** False: the device knows that it has no network. */
  isOnline: () => boolean;
  /** A token could not be had. */
  failed: (reason: unknown) => void;
  listener: LineListener;
}

/** From the first byte to the service's welcome. */
const HANDSHAKE_MS = 10_000;
/** A connection that held so long was a good one: failures are counted from anew. */
const HELD_MS = 5_000;
/** After a moment in which everything may have changed, the service answers within this or is gone. */
const WAKE_MS = 3_000;
/** How long a ping may take that was sent because nothing had been heard. */
const SILENCE_MS = 10_000;
/** A service that moves its clients closes their sockets itself; so long after that the client does. */
const MOVE_MS = 2_000;

/**
 * One WebSocket after another.
 *
 * 1. A socket that was given up is not listened to any more: what comes of it is of another time.
 * 2. Every try has a token of its own, and every wait a chance in it.
 * 3. A connection on which nothing is heard is asked, and given up when it does not answer.
 */
export class DirectLine implements Line {
  readonly #options: DirectLineOptions;
  readonly #renewal: TokenRenewal;
  readonly #deadline: Alarm;
  readonly #held: Alarm;
  readonly #silence: Alarm;
  readonly #moving: Alarm;
  #state: ConnectionState = { name: "idle" };
  /** Undefined while there is none, and once it was given up (1). */
  #socket: Socket | undefined;
  /** Counts tries, so that one that was overtaken while it waited for its token knows. */
  #try = 0;
  #failures = 0;
  #heartbeatMs = 25_000;
  #token = "";
  /** A token that the service would not have, and how it said so. */
  #refusal: { token: string; code: number; reason: string } | undefined;
  /** When the service wants it back, by the clock. */
  #notBefore = 0;
  #welcome: Welcome | undefined;
  #isGreeted = false;

  constructor(options: DirectLineOptions) {
    this.#options = options;
    const { clock } = options;
    this.#deadline = new Alarm(clock);
    this.#held = new Alarm(clock);
    this.#silence = new Alarm(clock);
    this.#moving = new Alarm(clock);
    this.#renewal = new TokenRenewal({
      ...options,
      renewed: (token) => {
        this.#token = token;
        this.send({ type: "auth", token });
      },
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  connect(): void {
    const { name } = this.#state;
    if (name === "connecting" || name === "open") return;
    this.#failures = name === "waiting" ? this.#failures : 0;
    this.#refusal = undefined;
    void this.#attempt();
  }

  close(): void {
    this.#giveUp();
    this.#enter({ name: "closed", code: 1_000, reason: "closed by this client" });
  }

  send(frame: ClientFrame): boolean {
    if (this.#state.name !== "open") return false;
    this.#write(frame);
    return true;
  }

  /** The device has a network again, or the page is looked at: timers may have stood still. */
  wake(): void {
    const { name } = this.#state;
    if (name === "waiting" || name === "offline") void this.#attempt();
    else if (name === "open") this.#ask(WAKE_MS);
  }

  async #attempt(): Promise<void> {
    const { token, isOnline } = this.#options;
    this.#giveUp();
    if (!isOnline()) return this.#enter({ name: "offline" });
    const current = this.#try;
    this.#enter({ name: "connecting" });
    this.#deadline.set(HANDSHAKE_MS, () => this.#lost());
    try {
      this.#token = await token();
    } catch (reason) {
      this.#options.failed(reason);
      if (current === this.#try) this.#lost();
      return;
    }
    if (current !== this.#try) return;
    // One that the callback gives a second time is no fresh one.
    if (this.#refusal?.token === this.#token) return this.#refused(this.#refusal);
    this.#socket = this.#open(current);
  }

  #open(current: number): Socket {
    const { openSocket, url } = this.#options;
    const target = new URL(url);
    target.searchParams.set("token", this.#token);
    const isCurrent = () => current === this.#try;
    return openSocket(target.href, {
      opened: () => {
        if (isCurrent()) this.#hello();
      },
      message: (data) => {
        if (isCurrent()) this.#receive(data);
      },
      closed: (code, reason) => {
        if (isCurrent()) this.#closed(code, reason);
      },
    });
  }

  #hello(): void {
    const { deviceId } = this.#options;
    this.#write({ type: "hello", device_id: deviceId, protocol: CHAT_PROTOCOL });
  }

  #write(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #receive(data: unknown): void {
    const frame = frameOf(data);
    if (frame === undefined) return;
    this.#listen();
    if (this.#state.name === "open") this.#heard(frame);
    else this.#greeted(frame);
  }

  /** Until both greetings are here, in whichever order. */
  #greeted(frame: ServerFrame): void {
    if (frame.type === "hello") {
      this.#heartbeatMs = frame.heartbeat_ms;
      this.#isGreeted = true;
    } else if (frame.type === "connection_status" && frame.user_id !== undefined) {
      this.#welcome = welcomeOf(frame);
      this.#renewal.watch(this.#token, Date.parse(frame.timestamp));
    }
    if (this.#welcome === undefined || !this.#isGreeted) return;
    this.#deadline.clear();
    this.#refusal = undefined;
    this.#held.set(HELD_MS, () => (this.#failures = 0));
    const welcome = this.#welcome;
    this.#enter({ name: "open" });
    this.#listen();
    this.#options.listener.opened(welcome);
  }

  #heard(frame: ServerFrame): void {
    if (frame.type === "migration") this.#move(frame.reconnect_after_ms);
    if (frame.type === "pong") return;
    this.#options.listener.frame(frame);
  }

  /** The service goes away, and says when it wants whom back. */
  #move(afterMs: number): void {
    this.#notBefore = this.#options.clock.now() + afterMs;
    this.#moving.set(afterMs + MOVE_MS, () => this.#lost());
  }

  /** Something was heard: the next time to worry is later. */
  #listen(): void {
    if (this.#state.name === "open") {
      this.#silence.set(this.#heartbeatMs, () => this.#ask(SILENCE_MS));
    }
  }

  #ask(withinMs: number): void {
    this.#write({ type: "ping" });
    this.#silence.set(withinMs, () => {
      this.#failures = 0;
      this.#giveUp();
      void this.#attempt();
    });
  }

  #closed(code: number, reason: string): void {
    switch (verdictOf(code)) {
      case "never":
        return this.#refused({ code, reason });
      case "fresh-token":
        if (this.#refusal !== undefined) return this.#refused({ code, reason });
        this.#refusal = { token: this.#token, code, reason };
        return void this.#attempt();
      case "again":
        this.#lost();
    }
  }

  #refused({ code, reason }: { code: number; reason: string }): void {
    this.#giveUp();
    this.#enter({ name: "closed", code, reason });
  }

  /** Tries again after a while of chance, or at the moment that the service named. */
  #lost(): void {
    const { clock, random } = this.#options;
    const hintMs = this.#notBefore - clock.now();
    const isMoved = this.#notBefore > 0;
    this.#notBefore = 0;
    const retryInMs = isMoved ? Math.max(0, hintMs) : backoffMs(this.#failures, random);
    this.#failures += 1;
    this.#giveUp();
    if (!this.#options.isOnline()) return this.#enter({ name: "offline" });
    this.#deadline.set(retryInMs, () => void this.#attempt());
    this.#enter({ name: "waiting", retryInMs: Math.ceil(retryInMs) });
  }

  /** (1) */
  #giveUp(): void {
    const socket = this.#socket;
    this.#try += 1;
    this.#socket = undefined;
    this.#welcome = undefined;
    this.#isGreeted = false;
    for (const alarm of [this.#deadline, this.#held, this.#silence, this.#moving]) alarm.clear();
    this.#renewal.stop();
    socket?.close(1_000);
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#options.listener.state(state);
  }
}

function frameOf(data: unknown): ServerFrame | undefined {
  try {
    const frame: unknown = typeof data === "string" ? JSON.parse(data) : undefined;
    return typeof frame === "object" && frame !== null ? (frame as ServerFrame) : undefined;
  } catch {
    // Nothing that the service says: a proxy's, perhaps. Silence is noticed by its own timer.
    return undefined;
  }
}

function welcomeOf(frame: ServerFrames["connection_status"]): Welcome {
  return {
    userId: frame.user_id,
    sessionId: frame.session_id ?? "",
    models: frame.models ?? [],
  };
}
