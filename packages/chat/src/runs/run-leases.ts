import { firstLease, movedOn, takenBy, type Lease, type Leases } from "../leases/ports.ts";
import type { SessionKey } from "../log/entry.ts";
import { HeldRun, withNext } from "./held-run.ts";
import type { RunState } from "./run-event.ts";
import { answerNames, type Asked } from "./run.ts";
import type { RunNote, RunNotes } from "./run-note.ts";

export interface RunLeasesOptions {
  leases: Leases;
  notes: RunNotes;
  /** This instance, once it is known to others: whoever holds something and is not is taken for dead. */
  holder: () => Promise<string>;
}

/** Which instance writes the answer of a session: one at a time. Everything rejects while the store is away. */
export class RunLeases {
  readonly #options: RunLeasesOptions;

  constructor(options: RunLeasesOptions) {
    this.#options = options;
  }

  /** Takes the session's lease for this question; undefined: another instance has it and answers this next. */
  async begin(asked: Asked): Promise<HeldRun | undefined> {
    const { holder } = this.#options;
    return this.#begin(asked, await holder());
  }

  /** Leaves a question to whoever finds it. */
  async leave(asked: Asked): Promise<void> {
    await this.#begin(asked, "");
  }

  /** The lease of one who is gone, in the hands of this instance; undefined: somebody was faster. */
  async adopt(lease: Lease): Promise<HeldRun | undefined> {
    const { leases, holder } = this.#options;
    const taken = takenBy(await holder(), lease, lease.note);
    return (await leases.put(lease, lease, taken)) ? new HeldRun(taken, this.#options) : undefined;
  }

  /** Gives up what one who is gone has left, and nobody can go on with. */
  async drop(lease: Lease): Promise<void> {
    await this.#options.leases.put(lease, lease, undefined);
  }

  /** What is written in a session, as far as it was kept. */
  async read(key: SessionKey): Promise<RunState | undefined> {
    const { leases, notes } = this.#options;
    const lease = await leases.get(nameOf(key));
    return lease && notes.state(key, JSON.parse(lease.note) as RunNote);
  }

  /** Asks whoever writes the answer to end it, and not to answer what waits. False: there is none. */
  async stop(key: SessionKey, runId: string | undefined): Promise<boolean> {
    const { leases } = this.#options;
    for (;;) {
      const lease = await leases.get(nameOf(key));
      if (lease === undefined) return false;
      const { next: _, ...note } = JSON.parse(lease.note) as RunNote;
      const running = answerNames(key, note.asked).messageId;
      if (runId !== undefined && runId !== running) return false;
      const stopped = movedOn(lease, JSON.stringify({ ...note, stop: running }));
      if (await leases.put(lease, lease, stopped)) return true;
    }
  }

  async #begin(asked: Asked, holder: string): Promise<HeldRun | undefined> {
    const { leases, notes } = this.#options;
    const name = nameOf(asked.key);
    const first = firstLease(name, holder, JSON.stringify(await notes.first(asked)));
    for (;;) {
      if (await leases.put(name, undefined, first)) return new HeldRun(first, this.#options);
      const there = await leases.get(name);
      if (there === undefined) continue;
      if (there.holder === holder && holder !== "") {
        // Of a try whose answer was lost: what runs here is not begun again.
        const again = movedOn(there, first.note);
        if (await leases.put(name, there, again)) return new HeldRun(again, this.#options);
        continue;
      }
      const note = withNext(JSON.parse(there.note) as RunNote, await notes.noted(asked));
      if (await leases.put(name, there, movedOn(there, JSON.stringify(note)))) return undefined;
    }
  }
}

function nameOf({ userId, sessionId }: SessionKey) {
  return { kind: "run", userId, name: sessionId } as const;
}
