import { accept, headWith, type Accepted } from "../../log/accept.ts";
import { EMPTY_HEAD, inOrder, type Draft, type Entry, type SessionKey } from "../../log/entry.ts";
import { newest } from "../../log/newest.ts";
import type { Heads, MessageLog, Page } from "../../log/ports.ts";
import type { LogErasure } from "../../privacy/ports.ts";
import {
  has,
  including,
  isNext,
  NO_VERSIONS,
  numberOf,
  type Versions,
} from "../../log/versions.ts";

export interface MemoryLogOptions {
  origin: string;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** A log for one process that keeps nothing: for tests, and where losing all is fine. */
export class MemoryLog implements MessageLog, LogErasure {
  readonly origin: string;
  readonly #wallClock: () => number;
  readonly #sessions = new Map<string, Stored>();
  /** In the order of their coming; erased ones leave their places empty. */
  readonly #all: (Entry | undefined)[] = [];

  constructor({ origin, wallClock }: MemoryLogOptions) {
    this.origin = origin;
    this.#wallClock = wallClock;
  }

  append(draft: Draft): Promise<Accepted> {
    const stored = this.#sessions.get(textOf(draft));
    const accepted = accept(draft, {
      origin: this.origin,
      head: stored?.heads ?? EMPTY_HEAD,
      existing: stored?.said.get(identityOf(draft)),
      wallMs: this.#wallClock(),
    });
    if (accepted.outcome === "stored") this.#store(accepted.entry);
    return Promise.resolve(accepted);
  }

  /**
   * Takes what another cluster accepted, if it is the next of its origin: the others are asked for
   * again once this one is there. True if it was new.
   */
  receive(entry: Entry): boolean {
    const versions = this.#sessions.get(textOf(entry))?.heads.versions ?? NO_VERSIONS;
    if (!isNext(versions, entry)) return false;
    this.#store(entry);
    return true;
  }

  after(key: SessionKey, versions: Versions, limit: number): Promise<Entry[]> {
    const lacking = this.#entriesOf(key).filter(
      ({ origin, number }) => number > numberOf(versions, origin),
    );
    return Promise.resolve(lacking.toSorted(inOrder).slice(0, limit));
  }

  latest(key: SessionKey, before: Versions | undefined, limit: number): Promise<Page> {
    const top = before ?? this.#sessions.get(textOf(key))?.heads.versions ?? NO_VERSIONS;
    const all = this.#entriesOf(key).filter((entry) => has(top, entry));
    return Promise.resolve(newest(all, top, limit));
  }

  heads(key: SessionKey): Promise<Heads> {
    return Promise.resolve(this.#sessions.get(textOf(key))?.heads ?? NO_HEADS);
  }

  tail(cursor: string | undefined, limit: number) {
    const from = cursor === undefined ? this.#all.length : Number(cursor);
    const places = this.#all.slice(from, from + limit);
    const entries = places.filter((entry) => entry !== undefined);
    return Promise.resolve({ entries, cursor: String(from + places.length) });
  }

  /** Removes entries up to these numbers of each origin: how many there were. */
  erase(key: SessionKey, upTo: Versions): Promise<number> {
    const text = textOf(key);
    const stored = this.#sessions.get(text);
    const gone = new Set(this.#entriesOf(key).filter((entry) => has(upTo, entry)));
    for (const [place, entry] of this.#all.entries()) {
      if (entry !== undefined && gone.has(entry)) this.#all[place] = undefined;
    }
    this.#sessions.delete(text);
    const left = stored?.entries.filter((entry) => !gone.has(entry)) ?? [];
    if (stored !== undefined && left.length > 0) {
      const said = [...stored.said].filter(([, entry]) => !gone.has(entry));
      this.#sessions.set(text, { heads: stored.heads, entries: left, said: new Map(said) });
    }
    return Promise.resolve(gone.size);
  }

  #entriesOf(key: SessionKey): readonly Entry[] {
    return this.#sessions.get(textOf(key))?.entries ?? [];
  }

  #store(entry: Entry): void {
    const key = textOf(entry);
    const stored: Stored = this.#sessions.get(key) ?? emptyStore();
    const { versions } = stored.heads;
    const heads = headWith(stored.heads, entry, this.origin);
    stored.heads = { ...heads, versions: including(versions, entry) };
    stored.entries.push(entry);
    const identity = identityOf(entry);
    const twin = stored.said.get(identity);
    if (twin === undefined || inOrder(entry, twin) < 0) stored.said.set(identity, entry);
    this.#sessions.set(key, stored);
    this.#all.push(entry);
  }
}

interface Stored {
  heads: Heads;
  readonly entries: Entry[];
  /** The least entry of each identity. */
  readonly said: Map<string, Entry>;
}

function emptyStore(): Stored {
  return { heads: NO_HEADS, entries: [], said: new Map() };
}

const NO_HEADS: Heads = { ...EMPTY_HEAD, versions: NO_VERSIONS };

function textOf({ userId, sessionId }: SessionKey): string {
  return JSON.stringify([userId, sessionId]);
}

function identityOf({ author, clientMessageId }: Draft | Entry): string {
  return JSON.stringify([author, clientMessageId]);
}
