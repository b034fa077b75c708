import { Alarm, type Clock } from "../clock.ts";
import { isOwn } from "./message.ts";
import { has, merged, type Versions } from "../log/versions.ts";
import type { Cursors, Spoken } from "../log/view.ts";
import type { Content } from "./content.ts";
import type { Author } from "./provisional.ts";

export interface ReceiptsOptions {
  clock: Clock;
  random: () => number;
  deviceId: () => string;
  author: () => Author;
  content: Content;
  /** False: there is no connection. */
  send: (type: "delivery_ack" | "read_receipt", versions: Versions) => boolean;
}

/** Receipts are entries of the log: several messages share one, and so do the tabs of a browser. */
const SHARE_MS = 1_000;

/**
 * What this person has seen and this device has. It is told by cursors that only move forward; what is unread
 * follows from them and is counted nowhere.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #alarm: Alarm;
  constructor(options: ReceiptsOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
  }

  /** What others said and this person has seen on none of their devices. */
  get unread(): readonly Spoken[] {
    const { read: readHere } = this.#options.content;
    const read = this.#own().reduce((all, cursors) => merged(all, cursors.read), readHere);
    return this.#others().filter((spoken) => !spoken.isDeleted && !has(read, spoken));
  }

  /** False: everything had been read. */
  markRead(): boolean {
    if (this.unread.length === 0) return false;
    const { content, send } = this.#options;
    content.read = merged(content.read, content.log.versions);
    send("read_receipt", content.read);
    return true;
  }

  /** Tells what could not be told before, and what has come. */
  catchUp(): void {
    const told = this.#own().reduce((all, cursors) => merged(all, cursors.read), {} as Versions);
    const { content, send } = this.#options;
    const isUntold = (spoken: Spoken) => has(content.read, spoken) && !has(told, spoken);
    if (this.#others().some(isUntold)) send("read_receipt", content.read);
    this.arrived();
  }

  /** Something came. What a model says has nobody who waits for a receipt. */
  arrived(): void {
    if (this.#alarm.isSet || !this.#hasUntold()) return;
    const { random } = this.#options;
    this.#alarm.set(SHARE_MS * (1 + random()), () => {
      const { send, content } = this.#options;
      if (this.#hasUntold()) send("delivery_ack", content.log.versions);
    });
  }

  pause(): void {
    this.#alarm.clear();
  }

  #hasUntold(): boolean {
    const { deviceId } = this.#options;
    const mine = this.#own().find((cursors) => cursors.deviceId === deviceId());
    return this.#others().some(
      (spoken) => spoken.entry.sender !== "ai" && !has(mine?.delivered ?? {}, spoken),
    );
  }

  #others(): Spoken[] {
    const { content, author } = this.#options;
    const { userId } = author();
    return content.view.messages.filter(({ entry }) => !isOwn(entry, userId));
  }

  #own(): Cursors[] {
    const { content, author } = this.#options;
    const { userId } = author();
    return content.view.cursors.filter(
      ({ authorId }) => authorId !== undefined && authorId === userId,
    );
  }
}
