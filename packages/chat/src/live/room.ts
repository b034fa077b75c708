import type { Clock } from "@warren/host";
import type { Entry, SessionKey } from "../log/entry.ts";
import type { Heads } from "../log/ports.ts";
import type { Said } from "../log/said.ts";
import { has, including, isNext, type Versions } from "../log/versions.ts";
import type { ShownPeople } from "../presence/people.ts";
import type { Place } from "../sessions/help-queue.ts";
import type { RunEvent } from "../runs/run-event.ts";
import type { Viewer } from "../sessions/viewer.ts";

/** Somebody who follows a session on this instance. Called in the order of the log, without a hole. */
export interface Listener {
  /** Who follows it. */
  readonly viewer: Viewer;
  said(said: Said): void;
  /** What is not stored: an answer as it is written, typing, presence. May be left out when too much. */
  passing(event: Passing): void;
}

export type Passing =
  | { readonly kind: "run"; readonly event: RunEvent }
  | {
      readonly kind: "typing";
      readonly sender: "user" | "admin";
      readonly name: string | undefined;
      readonly isOn: boolean;
      /** Who types is not told so. */
      readonly by: Listener | undefined;
    }
  /** The session's place among those that wait for a person; undefined: it waits no more. */
  | { readonly kind: "queue"; readonly place: Place | undefined }
  /** Who is there. Told on this instance alone: each knows of all. */
  | {
      readonly kind: "presence";
      readonly forAdmins: ShownPeople;
      readonly forUsers: ShownPeople;
      /** False: what users are shown is what they were shown before. */
      readonly isNewsToUsers: boolean;
    };

export interface RoomOptions {
  key: SessionKey;
  /** What `versions` lack, at most some hundred at once; empty: nothing. */
  read: (versions: Versions) => Promise<readonly Said[]>;
  /** An entry was told to the listeners. */
  told: (said: Said) => void;
  /** Nobody follows it any more. */
  left: () => void;
  /** The log could not be read: it is tried again, and when something comes. Told once, until it can be. */
  failed: (cause: unknown) => void;
  clock: Clock;
}

/** How long until a log that could not be read is read again, and the longest of these times. */
const AGAIN_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * A session as this instance follows it.
 *
 * 1. Listeners get each entry once, those of an origin in the order of their numbers.
 * 2. What an AI writes under a control that is over is not told any more.
 * 3. What does not follow upon the last one is read from the log with what came before it: hints may be
 *    lost, come twice or out of order.
 */
export class Room {
  readonly key: SessionKey;
  readonly listeners = new Set<Listener>();
  readonly #options: RoomOptions;
  #versions: Versions;
  #controlEpoch: number;
  #reading: Promise<void> | undefined;
  #isBehind = false;
  #againMs = AGAIN_MS;
  #forgetAgain = () => {};
  #isLeft = false;

  constructor(options: RoomOptions, { versions, controlEpoch }: Heads) {
    this.key = options.key;
    this.#options = options;
    this.#versions = versions;
    this.#controlEpoch = controlEpoch;
  }

  left(): void {
    this.#isLeft = true;
    this.#forgetAgain();
    this.#options.left();
  }

  /** What the listeners have. */
  get versions(): Versions {
    return this.#versions;
  }

  /** Something was stored, here or elsewhere. */
  offer(said: Said): void {
    if (has(this.#versions, said.entry)) return;
    if (isNext(this.#versions, said.entry)) this.#tell(said);
    else void this.catchUp();
  }

  /** Something was stored elsewhere, and is to be read. False: it has been told. */
  hint(position: Pick<Entry, "origin" | "number">): boolean {
    if (has(this.#versions, position)) return false;
    void this.catchUp();
    return true;
  }

  pass(event: Passing): void {
    if (this.#isLate(event)) return;
    for (const listener of this.listeners) listener.passing(event);
  }

  /** Resolves once all that the log had has been told, or could not be read. */
  catchUp(): Promise<void> {
    this.#isBehind = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      while (this.#isBehind) {
        this.#isBehind = false;
        const lacking = await this.#options.read(this.#versions);
        for (const said of lacking) this.#tell(said);
        if (lacking.length > 0) this.#isBehind = true;
      }
      this.#againMs = AGAIN_MS;
    } catch (cause) {
      if (this.#againMs === AGAIN_MS) this.#options.failed(cause);
      this.#tryAgain();
    }
  }

  /** Nothing may come for long that would have it read. */
  #tryAgain(): void {
    this.#forgetAgain();
    if (this.#isLeft) return;
    this.#forgetAgain = this.#options.clock.after(this.#againMs, () => void this.catchUp());
    this.#againMs = Math.min(2 * this.#againMs, LONGEST_MS);
  }

  #tell(said: Said): void {
    if (!isNext(this.#versions, said.entry)) return;
    this.#versions = including(this.#versions, said.entry);
    this.#controlEpoch = Math.max(this.#controlEpoch, said.entry.controlEpoch);
    for (const listener of this.listeners) listener.said(said);
    this.#options.told(said);
  }

  /** (2) Its end is told: whoever draws the answer knows that no more will come. */
  #isLate(passing: Passing): boolean {
    if (passing.kind !== "run" || passing.event.type === "end") return false;
    return passing.event.run.controlEpoch < this.#controlEpoch;
  }
}
