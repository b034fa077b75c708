import type { SessionKey } from "../../log/entry.ts";
import { bodyOf } from "../../log/body.ts";
import type { Said } from "../../log/said.ts";
import {
  covers,
  has,
  merged,
  NO_VERSIONS,
  type Position,
  type Versions,
} from "../../log/versions.ts";
import type { Follower } from "../follower.ts";
import { lastSequence, sequenceOf } from "./sequence.ts";

/** Messages of one conversation that a socket can speak of by their ids. */
const MOST_KNOWN = 2_000;
/** Numbers without a message that are told before the next one; who lacks more asks for them. */
const MOST_SKIPPED = 100;

export interface Known extends Position {
  readonly author: string;
}

/** A conversation as one socket of the messaging dialect knows it. */
export class Thread {
  readonly key: SessionKey;
  /** As the client calls it. */
  conversationId: string;
  readonly follower: Follower;
  /** The agent that answers in it. */
  agentId: string;
  readonly #known = new Map<string, Known>();
  readonly #acknowledged = { delivered: NO_VERSIONS, read: NO_VERSIONS };
  #versions = NO_VERSIONS;
  #skipped: Said[] = [];

  constructor(options: {
    key: SessionKey;
    conversationId: string;
    follower: Follower;
    agentId: string;
  }) {
    this.key = options.key;
    this.conversationId = options.conversationId;
    this.follower = options.follower;
    this.agentId = options.agentId;
  }

  sequenceOf(position: Position): number {
    return sequenceOf(this.#versions, position);
  }

  get lastSequence(): number {
    return lastSequence(this.#versions);
  }

  /** What of the session's log it has heard of. */
  get versions(): Versions {
    return this.#versions;
  }

  heardOf(versions: Versions): void {
    this.#versions = merged(this.#versions, versions);
  }

  /** Receipts speak of it by its id. */
  know({ messageId, entry }: Said): void {
    const { origin, number, author } = entry;
    this.#known.set(messageId, { origin, number, author });
    if (this.#known.size <= MOST_KNOWN) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest!);
  }

  known(messageId: string): Known | undefined {
    return this.#known.get(messageId);
  }

  /** Ids of what `author` said, as far as `covered` has it and `before` had not, in order. */
  saidBy(author: string, covered: Versions, before: Versions): string[] {
    return [...this.#known]
      .filter(([, one]) => one.author === author && has(covered, one) && !has(before, one))
      .map(([messageId]) => messageId);
  }

  /** What this device says that it has, or has seen. False where it said so before. */
  raise(what: "delivered" | "read", versions: Versions): boolean {
    const before = this.#acknowledged[what];
    if (covers(before, versions)) return false;
    this.#acknowledged[what] = merged(before, versions);
    return true;
  }

  /** It could not be stored: what this device says again is news. */
  lower(): void {
    this.#acknowledged.delivered = NO_VERSIONS;
    this.#acknowledged.read = NO_VERSIONS;
  }

  /** Has a number, and nothing that this dialect could say. */
  skip(said: Said): void {
    this.#skipped.push(said);
  }

  /** What was skipped since the last message; too much of it is left to be asked for. */
  takeSkipped(): readonly Said[] {
    const skipped = this.#skipped;
    this.#skipped = [];
    return skipped.length > MOST_SKIPPED ? [] : skipped;
  }
}

/** What a reader's devices had acknowledged, by reader. */
export class Receipts {
  readonly #told = new Map<string, Versions>();

  /** What the same reader had told before this, of the same kind. */
  before(kind: "delivered" | "read", author: string, now: Versions): Versions {
    const key = `${kind} ${author}`;
    const before = this.#told.get(key) ?? NO_VERSIONS;
    this.#told.set(key, merged(before, now));
    return before;
  }
}

/** What one device of an author has, and what the author has read on any, as a page of the log says. */
export function cursorsIn(
  said: readonly Said[],
  { author, deviceId }: { author: string; deviceId: string },
): { delivered: Versions; read: Versions } {
  let delivered = NO_VERSIONS;
  let read = NO_VERSIONS;
  for (const { kind, entry } of said) {
    if (kind !== "receipt" || entry.author !== author) continue;
    const body = bodyOf({ ...entry, kind });
    const seen = body.read ?? NO_VERSIONS;
    read = merged(read, seen);
    // Who has seen something has it.
    if (body.deviceId === deviceId) {
      delivered = merged(delivered, merged(body.delivered ?? NO_VERSIONS, seen));
    }
  }
  return { delivered, read };
}
