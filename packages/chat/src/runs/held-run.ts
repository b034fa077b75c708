import { movedOn, takenBy, type Lease, type Leases } from "../leases/ports.ts";
import type { SessionKey } from "../log/entry.ts";
import type { RunState } from "./run-event.ts";
import type { Asked } from "./run.ts";
import { NOTHING_TOLD, type NotedAsked, type RunNote, type RunNotes } from "./run-note.ts";

export interface HeldRunOptions {
  leases: Leases;
  notes: RunNotes;
}

/** How the lease stands after a checkpoint. */
export type Standing = "held" | "stop" | "lost";

/** What becomes of what is to be answered next. */
export type AfterIt = "answer" | "leave" | "drop";

/**
 * A run's lease in the hands of the instance that writes it.
 *
 * 1. Every write says what was there before: after another instance took it, nothing is written any more.
 * 2. Others write into it too, what is asked meanwhile and that it is to end: a write that finds that takes
 *    it over and is tried again.
 * 3. A write whose answer was lost may have been done: what is to be answered next is then in the lease already.
 */
export class HeldRun {
  readonly #options: HeldRunOptions;
  #lease: Lease;
  #note: RunNote;
  /** What is being answered. */
  #asked: NotedAsked;
  #turn: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(lease: Lease, options: HeldRunOptions) {
    this.#lease = lease;
    this.#note = JSON.parse(lease.note) as RunNote;
    this.#asked = this.#note.asked;
    this.#options = options;
  }

  get #key(): SessionKey {
    return { userId: this.#lease.userId, sessionId: this.#lease.name };
  }

  /** Has this answered after the run. False: the run is over, or another instance's. */
  async wait(asked: Asked): Promise<boolean> {
    const next = await this.#options.notes.noted(asked);
    return this.#inTurn(() => this.#write((note) => withNext(note, next)));
  }

  /** Keeps what viewers may have. */
  async checkpoint(state: RunState, ranMs: number): Promise<Standing> {
    const told = await this.#options.notes.told(state, this.#key, ranMs);
    const isHeld = await this.#inTurn(() => this.#write((note) => ({ ...note, told })));
    if (!isHeld) return "lost";
    return this.#note.stop === state.runId ? "stop" : "held";
  }

  /**
   * Ends it: gives the lease up, or keeps it for what was asked meanwhile, which is the answer. `leave`:
   * somebody else is to answer that.
   */
  finish(after: AfterIt): Promise<Asked | undefined> {
    return this.#inTurn(async () => {
      for (;;) {
        // (3)
        const isNoted = !isSameAsked(this.#note.asked, this.#asked);
        const next = isNoted ? this.#note.asked : this.#note.next;
        const isLast = next === undefined || this.#note.stop !== undefined || after === "drop";
        if (isNoted && !isLast && after === "answer") return this.#goOn(next);
        const following = isLast ? undefined : this.#following(next, after);
        if (await this.#put(following)) {
          this.#isOver = following === undefined || after === "leave";
          return this.#isOver ? undefined : this.#goOn(next!);
        }
        if (!(await this.#isStillHeld())) return undefined;
      }
    });
  }

  #goOn(next: NotedAsked): Promise<Asked> {
    this.#asked = next;
    return this.#options.notes.asked(this.#key, next);
  }

  #following(next: NotedAsked, after: AfterIt): Lease {
    const note = JSON.stringify({ asked: next, told: NOTHING_TOLD } satisfies RunNote);
    return after === "leave" ? takenBy("", this.#lease, note) : movedOn(this.#lease, note);
  }

  async #write(change: (note: RunNote) => RunNote): Promise<boolean> {
    while (!this.#isOver) {
      const note = change(this.#note);
      if (await this.#put(movedOn(this.#lease, JSON.stringify(note)))) return true;
      if (!(await this.#isStillHeld())) return false;
    }
    return false;
  }

  async #put(next: Lease | undefined): Promise<boolean> {
    if (!(await this.#options.leases.put(this.#lease, this.#lease, next))) return false;
    if (next !== undefined) this.#hold(next);
    return true;
  }

  /** Looks at what is there instead of what was written last. */
  async #isStillHeld(): Promise<boolean> {
    const { holder, term } = this.#lease;
    const there = await this.#options.leases.get(this.#lease);
    if (there?.holder === holder && there.term === term) {
      this.#hold(there);
      return true;
    }
    this.#isOver = true;
    return false;
  }

  #hold(lease: Lease): void {
    this.#lease = lease;
    this.#note = JSON.parse(lease.note) as RunNote;
  }

  /** One write after the other: each builds upon the one before. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    // Whoever wrote hears of it; the next one has its turn all the same.
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** Of several questions one answer follows, to the last: it knows the others. */
export function withNext(note: RunNote, next: NotedAsked): RunNote {
  const isKnown = isSameAsked(note.asked, next);
  const isOlder = note.next !== undefined && note.next.number > next.number;
  return isKnown || isOlder ? note : { ...note, next };
}

function isSameAsked(a: NotedAsked, b: NotedAsked): boolean {
  return a.messageId === b.messageId && a.attempt === b.attempt;
}
