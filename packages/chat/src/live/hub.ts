import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Said } from "../log/said.ts";
import type { Versions } from "../log/versions.ts";
import { Room, type Listener, type Passing } from "./room.ts";

/** Entries that a room reads at once. */
const READ = 300;

export interface HubOptions {
  log: MessageLog;
  journal: () => Journal;
  /** A room could not be read. */
  failed: (cause: unknown) => void;
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
    const room = this.#rooms.get(key.sessionId) ?? (await this.#open(key));
    room.listeners.add(listener);
    return {
      versions: room.versions,
      leave: () => {
        room.listeners.delete(listener);
        const isEmpty = room.listeners.size === 0;
        if (isEmpty && this.#rooms.get(key.sessionId) === room) this.#rooms.delete(key.sessionId);
      },
    };
  }

  /** Something was stored here. */
  stored(said: Said): void {
    this.#rooms.get(said.entry.sessionId)?.offer(said);
  }

  /** Something was stored elsewhere, or may have been. */
  hint({ sessionId, origin, number }: SessionKey & { origin: string; number: number }): void {
    this.#rooms.get(sessionId)?.hint({ origin, number });
  }

  pass(sessionId: string, event: Passing): void {
    this.#rooms.get(sessionId)?.pass(event);
  }

  /** True while this user follows the session here. */
  isFollowedBy(sessionId: string, userId: string): boolean {
    const listeners = this.#rooms.get(sessionId)?.listeners ?? [];
    return [...listeners].some(({ viewerId }) => viewerId === userId);
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
    const { log, journal, failed } = this.#options;
    const read = (versions: Versions) => journal().after(key, versions, READ);
    const { versions } = await log.heads(key);
    const room = new Room({ key, read, failed }, versions);
    this.#rooms.set(key.sessionId, room);
    // What was stored between the reading and now was offered to no room.
    void room.catchUp();
    return room;
  }
}
