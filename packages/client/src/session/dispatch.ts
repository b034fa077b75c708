import { CHAT_CODES } from "@warren/wire";
import { Alarm, type Clock } from "../clock.ts";
import { backoffMs } from "../line/backoff.ts";
import type { Acknowledged, Failure, Outbox, Outgoing } from "./outbox.ts";

export interface DispatchOptions {
  outbox: () => Outbox;
  /** False: it cannot be said now. */
  send: (item: Outgoing) => boolean;
  clock: Clock;
  random: () => number;
}

/** Something that was neither acknowledged nor refused by then is said again, under the same id. */
const ANSWER_MS = 15_000;

/**
 * Says what waits, one thing after the other: the next once the one before is acknowledged or refused for
 * good, so that a thing that is to be tried again is not overtaken.
 */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #alarm: Alarm;
  #inFlight: string | undefined;
  #refusals = 0;

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
  }

  /** Key of what was said and not answered yet: it may be stored already. */
  get inFlight(): string | undefined {
    return this.#inFlight;
  }

  /** The session is ready to hear. What was under way before is said again. */
  start(): void {
    this.pause();
    this.go();
  }

  /** Nothing is said until something can be. */
  pause(): void {
    this.#free();
  }

  /** Something new may wait. */
  go(): void {
    if (this.#inFlight !== undefined || this.#alarm.isSet) return;
    const item = this.#options.outbox().next();
    if (item === undefined || !this.#options.send(item)) return;
    this.#inFlight = item.clientMessageId;
    this.#alarm.set(ANSWER_MS, () => this.#again());
  }

  /** It is no longer under way: its entry has come, or somebody took it back. */
  settled(clientMessageId: string): void {
    if (this.#inFlight === clientMessageId) this.#free();
    this.go();
  }

  acknowledged(clientMessageId: string, acknowledged: Acknowledged): void {
    const outbox = this.#options.outbox();
    const item = outbox.get(clientMessageId);
    this.#refusals = 0;
    if (item !== undefined) outbox.put({ ...item, failure: undefined, acknowledged });
    this.settled(clientMessageId);
  }

  /** Returns true where it failed for good. What may be tried again is, after a while. */
  refused(clientMessageId: string, failure: Failure, retryAfterMs: number | undefined): boolean {
    const outbox = this.#options.outbox();
    const item = outbox.get(clientMessageId);
    if (item === undefined) return false;
    if (!CHAT_CODES[failure.code]?.retry) {
      outbox.put({ ...item, failure });
      this.settled(clientMessageId);
      return true;
    }
    if (this.#inFlight === clientMessageId) {
      const { random } = this.#options;
      const waitMs = Math.max(retryAfterMs ?? 0, backoffMs(this.#refusals, random));
      this.#refusals += 1;
      this.#free();
      this.#alarm.set(waitMs, () => this.go());
    }
    return false;
  }

  #again(): void {
    this.#inFlight = undefined;
    this.go();
  }

  #free(): void {
    this.#inFlight = undefined;
    this.#alarm.clear();
  }
}
