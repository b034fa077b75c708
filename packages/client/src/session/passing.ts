import type { ServerFrames, WireEntry } from "@warren/wire";
import { Alarm, type Clock } from "../clock.ts";

/** Somebody else writes. */
export interface Typing {
  readonly sender: ServerFrames["typing"]["sender"];
  readonly name: string | undefined;
}

/** Who follows the session, here or elsewhere. */
export interface Presence {
  readonly isUserOnline: boolean;
  readonly isAdminOnline: boolean;
  /** For a user none but the one who answers. */
  readonly admins: readonly { readonly id: string; readonly name: string }[];
}

/** A place among those who asked for a person. */
export interface Waiting {
  /** From 1. */
  readonly position: number;
  /** How many wait. */
  readonly of: number;
  /** RFC 3339: when this session began to wait. */
  readonly since: string | undefined;
}

/** Who says nothing more of it has stopped. */
const TYPING_MS = 6_000;

/** What is true of a session for a moment only, and is not stored. */
export class Passing {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #typing = new Map<string, Typing & { alarm: Alarm }>();
  /** Undefined: it is not known. */
  presence: Presence | undefined;
  /** Undefined: nobody was asked to come, or somebody is there. */
  waiting: Waiting | undefined;

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  get typing(): readonly Typing[] {
    return [...this.#typing.values()].map(({ sender, name }) => ({ sender, name }));
  }

  typed({ sender, name, on }: ServerFrames["typing"]): void {
    const key = JSON.stringify([sender, name]);
    const alarm = this.#typing.get(key)?.alarm ?? new Alarm(this.#clock);
    if (on) {
      this.#typing.set(key, { sender, name, alarm });
      alarm.set(TYPING_MS, () => this.#stopped(key));
    } else {
      alarm.clear();
      this.#typing.delete(key);
    }
  }

  /** Somebody said something: what they were writing is there. */
  spoke({ sender, name }: Pick<WireEntry, "sender"> & { name?: string | undefined }): void {
    for (const [key, who] of this.#typing) {
      if (who.sender !== sender || (who.name ?? name) !== name) continue;
      who.alarm.clear();
      this.#typing.delete(key);
    }
  }

  seen({ user_online, admin_online, admins = [] }: ServerFrames["presence"]): void {
    this.presence = { isUserOnline: user_online, isAdminOnline: admin_online, admins };
  }

  queued({ position, waiting: of, since }: ServerFrames["queue"]): void {
    this.waiting = position === 0 ? undefined : { position, of, since };
  }

  /** Nobody can be heard. */
  clear(): void {
    for (const { alarm } of this.#typing.values()) alarm.clear();
    this.#typing.clear();
    this.presence = undefined;
    this.waiting = undefined;
  }

  #stopped(key: string): void {
    this.#typing.delete(key);
    this.#changed();
  }
}

/** How often it is said that somebody still writes. */
const REPEAT_MS = 3_000;

/** What is told of one's own typing: once at the start, now and then, and when it ends. */
export class OwnTyping {
  readonly #clock: Clock;
  readonly #tell: (isOn: boolean) => void;
  #saidAt: number | undefined;

  constructor(clock: Clock, tell: (isOn: boolean) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  set(isOn: boolean): void {
    const now = this.#clock.now();
    if (isOn && this.#saidAt !== undefined && now - this.#saidAt < REPEAT_MS) return;
    if (!isOn && this.#saidAt === undefined) return;
    this.#saidAt = isOn ? now : undefined;
    this.#tell(isOn);
  }

  /** The message was sent: who reads it knows. */
  forget(): void {
    this.#saidAt = undefined;
  }
}
