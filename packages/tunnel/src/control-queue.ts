import { encodeControl, type ControlInput, type ControlType } from "@warren/wire";
import type { Transport } from "./ports.ts";

/** So much is handed to the transport and not taken from it yet; the rest waits here. */
const AHEAD_BYTES = 65_536;

/** What these say is current state: unless it answers a request, a newer one makes it idle talk. */
const STATES: ReadonlySet<ControlType> = new Set([
  "ping",
  "pong",
  "heartbeat",
  "heartbeat_ack",
  "gateways",
  "drain",
  "away",
]);

interface Waiting {
  type: ControlType;
  requestId: string | undefined;
  text: string;
}

/**
 * Control messages towards a peer that may read slowly. Invariants:
 *
 * Q1. At most `mostBytes` of text wait. Beyond that the peer is given up (`onFull`): what it was not
 *     told is said again after a resume, as after any loss of a transport.
 * Q2. Of each kind of current state the newest waits, and no older one. A snapshot of routes makes all
 *     idle that was said about routes before it.
 * Q3. What does wait leaves in the order in which it was said.
 */
export class ControlQueue {
  readonly #transport: Transport;
  readonly #mostBytes: number;
  readonly #onFull: () => void;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #aheadBytes = 0;

  constructor(transport: Transport, mostBytes: number, onFull: () => void) {
    this.#transport = transport;
    this.#mostBytes = mostBytes;
    this.#onFull = onFull;
  }

  /** Text that waits, UTF-16 units. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  say(message: ControlInput, timestamp: string): void {
    const text = encodeControl(message, timestamp);
    if (this.#waiting.length === 0 && this.#aheadBytes < AHEAD_BYTES) return this.#hand(text);
    this.#forgetIdle(message);
    this.#waiting.push({ type: message.type, requestId: message.request_id, text });
    this.#waitingBytes += text.length;
    if (this.#waitingBytes > this.#mostBytes) this.#onFull(); // Q1
  }

  /** Nothing more is said. */
  close(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Q2. */
  #forgetIdle(message: ControlInput): void {
    const { type, request_id: requestId } = message;
    if (beginsSnapshot(message)) this.#forget((one) => one.type === type);
    else if (STATES.has(type) && requestId === undefined)
      this.#forget((one) => one.type === type && one.requestId === undefined);
  }

  #forget(isIdle: (one: Waiting) => boolean): void {
    this.#waiting = this.#waiting.filter((one) => {
      const idle = isIdle(one);
      if (idle) this.#waitingBytes -= one.text.length;
      return !idle;
    });
  }

  #hand(text: string): void {
    this.#aheadBytes += text.length;
    this.#transport.sendText(text, () => {
      this.#aheadBytes -= text.length;
      this.#goOn();
    });
  }

  #goOn(): void {
    while (this.#waiting.length > 0 && this.#aheadBytes < AHEAD_BYTES) {
      const { text } = this.#waiting.shift()!;
      this.#waitingBytes -= text.length;
      this.#hand(text);
    }
  }
}

/** One that comes whole, or the first part of one: the rest of an older one is not wanted then. */
function beginsSnapshot({ type, payload }: ControlInput): boolean {
  return type === "ingress_routes" && payload.action === "sync" && (payload.part?.index ?? 0) === 0;
}
