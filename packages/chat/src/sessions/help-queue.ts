import { wait, type Clock } from "@warren/host";
import type { Entry, SessionKey } from "../log/entry.ts";
import { bodyOf } from "../log/body.ts";
import { wallMsOf, type HybridTime } from "../log/hybrid-time.ts";
import type { SessionRow } from "../log/session-row.ts";
import { EVERY, everyRow, type ListSessions } from "./every-row.ts";

export interface HelpQueueOptions {
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  list: ListSessions;
  /** A session's place is another than before; undefined: it waits no more. */
  moved: (sessionId: string, place: Place | undefined) => void;
  /** The sessions could not be read: they are read again. */
  failed: (cause: unknown) => void;
}

/** Where a session stands among those that wait for a person. */
export interface Place {
  /** From 1. */
  readonly position: number;
  /** How many wait. */
  readonly waiting: number;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
}

export interface WaitingSession extends Place {
  readonly key: SessionKey;
}

interface Caller {
  readonly key: SessionKey;
  readonly sinceMs: number;
}

interface Heard {
  /** By the clock. */
  readonly atMs: number;
  /** Of the last entry. */
  readonly hlc: HybridTime;
}

/** What was missed is read this often. */
const READ_MS = 30_000;
/** A row may be behind its log by then: what was heard here within this time is believed more. */
const FRESH_MS = 10_000;
/** Places are told together, or one who comes would be told as often as others leave. */
const TELL_MS = 250;
const MOST_CALLERS = 10_000;

/**
 * Who waits for a person, the longest first. It follows from the sessions and is stored nowhere else: what is
 * stored is heard, here at once and of other instances a moment later, and all is read from the rows now and then.
 */
export class HelpQueue implements AsyncDisposable {
  readonly #options: HelpQueueOptions;
  readonly #callers = new Map<string, Caller>();
  /** Sessions that were heard of lately. */
  readonly #heard = new Map<string, Heard>();
  readonly #told = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #reading: Promise<void>;
  #order: readonly Caller[] | undefined;
  #forgetTelling: (() => void) | undefined;

  constructor(options: HelpQueueOptions) {
    this.#options = options;
    this.#reading = this.#run();
  }

  /** Something was stored in a session, by whichever instance; it may be told twice, and late. */
  note(entry: Entry): void {
    const { userId, sessionId, hlc, isHeld, isClosed } = entry;
    // What came after it has been heard of.
    if (hlc < (this.#heard.get(sessionId)?.hlc ?? 0)) return;
    // Whoever has a person needs no other.
    const isOver = isClosed || isHeld;
    if (isOver && (isClosed || entry.kind === "control" || entry.kind === "help")) {
      return this.#set(entry, undefined);
    }
    if (entry.kind !== "help") return;
    const { isOpen } = bodyOf<"help">({ kind: "help", body: entry.body });
    if (!isOpen) return this.#set(entry, undefined);
    const sinceMs = this.#callers.get(sessionId)?.sinceMs ?? wallMsOf(hlc);
    this.#set(entry, { key: { userId, sessionId }, sinceMs });
  }

  get size(): number {
    return this.#callers.size;
  }

  /** Undefined: it does not wait. */
  placeOf(sessionId: string): Place | undefined {
    const caller = this.#callers.get(sessionId);
    if (caller === undefined) return undefined;
    const { sinceMs } = caller;
    return { position: this.#ordered().indexOf(caller) + 1, waiting: this.size, sinceMs };
  }

  /** The first of those who wait. */
  first(most: number): WaitingSession[] {
    const waiting = this.size;
    return this.#ordered()
      .slice(0, most)
      .map(({ key, sinceMs }, at) => ({ key, sinceMs, position: at + 1, waiting }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#forgetTelling?.();
    await this.#reading;
  }

  #set({ sessionId, hlc }: Entry, caller: Caller | undefined): void {
    this.#heard.set(sessionId, { atMs: this.#options.clock.now(), hlc });
    this.#put(sessionId, caller);
  }

  #put(sessionId: string, caller: Caller | undefined): void {
    const was = this.#callers.get(sessionId);
    if (was?.sinceMs === caller?.sinceMs) return;
    if (caller === undefined) this.#callers.delete(sessionId);
    else this.#callers.set(sessionId, caller);
    this.#order = undefined;
    this.#forgetTelling ??= this.#options.clock.after(TELL_MS, () => this.#tell());
  }

  #ordered(): readonly Caller[] {
    this.#order ??= [...this.#callers.values()].toSorted(earlierFirst);
    return this.#order;
  }

  #tell(): void {
    this.#forgetTelling = undefined;
    const { moved } = this.#options;
    const waiting = this.size;
    const was = new Map(this.#told);
    this.#told.clear();
    for (const [at, { key, sinceMs }] of this.#ordered().entries()) {
      const position = at + 1;
      this.#told.set(key.sessionId, position);
      if (was.get(key.sessionId) !== position) moved(key.sessionId, { position, waiting, sinceMs });
      was.delete(key.sessionId);
    }
    for (const sessionId of was.keys()) moved(sessionId, undefined);
  }

  async #run(): Promise<void> {
    const { clock, failed } = this.#options;
    do await this.#read().catch(failed);
    while (await wait(clock, READ_MS, this.#closing.signal));
  }

  async #read(): Promise<void> {
    const { clock } = this.#options;
    const beganMs = clock.now();
    const { list, wallClock } = this.#options;
    const calling = { ...EVERY, isActive: true, helpOpen: true, nowMs: wallClock() };
    const rows = await Array.fromAsync(everyRow(list, calling, MOST_CALLERS));
    const isFresh = (sessionId: string) =>
      (this.#heard.get(sessionId)?.atMs ?? Number.NEGATIVE_INFINITY) > beganMs - FRESH_MS;
    const found = new Map(rows.map((row) => [row.sessionId, callerOf(row)]));
    for (const sessionId of [...this.#callers.keys(), ...found.keys()]) {
      if (!isFresh(sessionId)) this.#put(sessionId, found.get(sessionId));
    }
    for (const [sessionId, { atMs }] of this.#heard) {
      if (atMs <= clock.now() - FRESH_MS - READ_MS) this.#heard.delete(sessionId);
    }
  }
}

function callerOf({ userId, sessionId, help, control }: SessionRow): Caller | undefined {
  if (help.sinceMs === undefined || control.mode === "person") return undefined;
  return { key: { userId, sessionId }, sinceMs: help.sinceMs };
}

function earlierFirst(a: Caller, b: Caller): number {
  if (a.sinceMs !== b.sinceMs) return a.sinceMs - b.sinceMs;
  return a.key.sessionId < b.key.sessionId ? -1 : 1;
}
