import type { Clock } from "@warren/host";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Said } from "../log/said.ts";
import type { Versions } from "../log/versions.ts";
import type { FanOut } from "./fan-out.ts";
import { Room, type Listener, type Passing } from "./room.ts";

/** Entries that a room reads at once. */
const READ = 300;

export interface HubOptions {
  log: MessageLog;
  journal: () => Journal;
  /** To and from the other instances. */
  fanOut: FanOut;
  /** An entry was told to those who follow its session here. */
  told: (said: Said) => void;
  /** Somebody follows the session here, until the returned function is called. */
  joined: (key: SessionKey, listener: Listener) => () => void;
  /** Nobody follows the session here any more. */
  closed: (sessionId: string) => void;
  /** A room could not be read. */
  failed: (cause: unknown) => void;
  clock: Clock;
}

export interface Membership {
  /** The listener hears all that comes after these, and nothing of them. */
  readonly versions: Versions;
  leave(): void;
}

/** The sessions that somebody follows on this instance. */
export class Hub {
  readonly #options: HubOptions;
  readonly #rooms = new Map<string, Room>();
  readonly #opening = new Map<string, Promise<Room>>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Rejects with a `ChatError` while the store is away. */
  async join(key: SessionKey, listener: Listener): Promise<Membership> {
    let room = this.#rooms.get(key.sessionId);
    // Whoever opened it with us may have left it again, and closed it.
    while (room === undefined || this.#rooms.get(key.sessionId) !== room) {
      room = await this.#open(key);
    }
    room.listeners.add(listener);
    const left = this.#options.joined(key, listener);
    return {
      versions: room.versions,
      leave: () => {
        room.listeners.delete(listener);
        left();
        if (room.listeners.size === 0) this.#close(room);
      },
    };
  }

  /** True for a session that somebody follows here. */
  has(sessionId: string): boolean {
    return this.#rooms.has(sessionId);
  }

  /** Something was stored here. */
  stored(said: Said): void {
    const { entry } = said;
    this.#rooms.get(entry.sessionId)?.offer(said);
    const { origin, number } = entry;
    this.#options.fanOut.tell(entry, { kind: "stored", origin, number });
  }

  /** Something was stored elsewhere, or may have been. False: whoever follows the session here has it. */
  hint({ sessionId, origin, number }: SessionKey & { origin: string; number: number }): boolean {
    return this.#rooms.get(sessionId)?.hint({ origin, number }) ?? false;
  }

  /** To all who follow the session, on every instance. */
  pass(key: SessionKey, event: Passing): void {
    this.passHere(key.sessionId, event);
    this.#options.fanOut.tell(key, { kind: "passing", event });
  }

  passHere(sessionId: string, event: Passing): void {
    this.#rooms.get(sessionId)?.pass(event);
  }

  /** True while this user follows the session here. */
  isFollowedBy(sessionId: string, userId: string): boolean {
    const listeners = this.#rooms.get(sessionId)?.listeners ?? [];
    return [...listeners].some(({ viewer }) => viewer.userId === userId);
  }

  /** How many sessions are followed. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Several may join at once; the room of all of them is one. */
  #open(key: SessionKey): Promise<Room> {
    const opening = this.#opening.get(key.sessionId);
    if (opening !== undefined) return opening;
    const opened = this.#roomOf(key).finally(() => this.#opening.delete(key.sessionId));
    this.#opening.set(key.sessionId, opened);
    return opened;
  }

  async #roomOf(key: SessionKey): Promise<Room> {
    const { log, journal, failed, fanOut, told, clock } = this.#options;
    const read = (versions: Versions) => journal().after(key, versions, READ);
    const followed = fanOut.follow(key.sessionId);
    try {
      await followed.ready;
      const heads = await log.heads(key);
      const left = () => followed.leave();
      const room = new Room({ key, read, told, failed, left, clock }, heads);
      this.#rooms.set(key.sessionId, room);
      // What was stored between the reading and now was offered to no room.
      void room.catchUp();
      return room;
    } catch (reason) {
      followed.leave();
      throw reason;
    }
  }

  #close(room: Room): void {
    const { sessionId } = room.key;
    if (this.#rooms.get(sessionId) !== room) return;
    this.#rooms.delete(sessionId);
    room.left();
    this.#options.closed(sessionId);
  }
}
