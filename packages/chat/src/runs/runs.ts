import { ChatError } from "@warren/wire";
import type { Lease } from "../leases/ports.ts";
import type { SessionKey } from "../log/entry.ts";
import type { ProviderRequest } from "../providers/ports.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { AfterIt, HeldRun } from "./held-run.ts";
import { patiently } from "./patience.ts";
import type { RunDeps } from "./ports.ts";
import type { RunLeases } from "./run-leases.ts";
import type { RunNote, RunNotes } from "./run-note.ts";
import type { RunEvent, RunState } from "./run-event.ts";
import { Run, type Asked, type LeftBy } from "./run.ts";

export interface RunsOptions extends RunDeps {
  leases: RunLeases;
  notes: RunNotes;
  /** Uniform in [0, 1). */
  random: () => number;
  /** What the model is told. */
  request: (asked: Asked, runId: string) => Promise<ProviderRequest>;
  /** Hears what other instances say of the session, until the returned function is called. */
  follow: (key: SessionKey) => () => void;
  /** True for a message that is in the log. */
  isStored: (key: SessionKey, messageId: string) => Promise<boolean>;
  /** An answer is in the works here, and no longer. */
  began: () => void;
  over: () => void;
  /** A checkpoint was kept. */
  kept: () => void;
  /** One could not be kept; the next one has all of it. */
  notKept: (cause: unknown) => void;
}

/** What the store may still need at the very end, after the deadline of a drain. */
const LAST_MS = 10_000;

/** A session's answer, in the works here. */
interface Running {
  readonly run: Run;
  /** Undefined: another instance writes in this session, and answers this next. */
  readonly held: Promise<HeldRun | undefined>;
  /** Resolves once it is no longer among those that run. */
  readonly over: Promise<void>;
  after: AfterIt;
  checkpoints: Checkpoints | undefined;
}

/**
 * The answers that this instance writes: one at a time in a session, on all instances together. What is
 * asked meanwhile waits, and of several questions one answer follows, to the last: it knows the others.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #running = new Map<string, Running>();
  readonly #closing = new AbortController();
  #isDraining = false;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#running.size;
  }

  /**
   * Resolves once it is certain to be answered, whichever instance dies: it is leased here, or noted
   * where another instance writes. Rejects with a `ChatError` while the store is away. Asking twice is
   * asking once.
   */
  ask(asked: Asked): Promise<void> {
    return this.#ask(asked, (run) => this.#write(run));
  }

  /** The same for a question that somebody else may have had answered meanwhile. */
  askIfOpen(asked: Asked): Promise<void> {
    return this.#ask(asked, (run) => this.#writeIfOpen(run));
  }

  async #ask(asked: Asked, task: (run: Run) => Promise<void>): Promise<void> {
    const { leases } = this.#options;
    if (this.#isDraining) return leases.leave(asked);
    const { sessionId } = asked.key;
    for (;;) {
      const running = this.#running.get(sessionId);
      if (running === undefined) {
        return void (await this.#enter(asked, leases.begin(asked), task).held);
      }
      const held = await running.held;
      if (held !== undefined && (await held.wait(asked))) return;
      await running.over;
    }
  }

  /** Goes on with what an instance left that is gone, unless another does. Resolves once that has begun. */
  async adopt(lease: Lease): Promise<void> {
    const { leases } = this.#options;
    const key = { userId: lease.userId, sessionId: lease.name };
    await this.#running.get(key.sessionId)?.over;
    if (this.#running.has(key.sessionId) || this.#isDraining) return;
    const found = await this.#leftIn(key, lease);
    if (found === undefined) return leases.drop(lease);
    const { asked, left } = found;
    if (this.#running.has(key.sessionId)) return;
    await this.#enter(asked, leases.adopt(lease), (run) => this.#inherit(run, left)).held;
  }

  /** Undefined: it cannot be read, as where the session was erased, and never can be. */
  async #leftIn(
    key: SessionKey,
    lease: Lease,
  ): Promise<{ asked: Asked; left: LeftBy } | undefined> {
    const { notes, failed } = this.#options;
    try {
      const note = JSON.parse(lease.note) as RunNote;
      const asked = await notes.asked(key, note.asked);
      return { asked, left: { state: await notes.state(key, note), ranMs: note.told.ranMs } };
    } catch (reason) {
      if (ChatError.from(reason).code === "DATABASE_ERROR") throw reason;
      failed(reason);
      return undefined;
    }
  }

  has(sessionId: string): boolean {
    return this.#running.has(sessionId);
  }

  of({ sessionId }: SessionKey): RunState | undefined {
    return this.#running.get(sessionId)?.run.state;
  }

  /** Ends the session's answer, the one named or whichever runs, and what waits. False: none runs here. */
  stop({ sessionId }: SessionKey, runId: string | undefined): boolean {
    const running = this.#running.get(sessionId);
    if (running === undefined || (runId !== undefined && running.run.runId !== runId)) return false;
    running.after = "drop";
    running.run.end("stopped");
    return true;
  }

  /** Somebody else answers in the session from now on. */
  supersede({ sessionId }: SessionKey): void {
    const running = this.#running.get(sessionId);
    if (running === undefined) return;
    running.after = "drop";
    running.run.end("superseded");
  }

  /** Others have taken this instance for dead, and its runs. */
  loseAll(): void {
    for (const { run } of this.#running.values()) run.lose();
  }

  /** Begins no more and lets those that run end; at the deadline what is left is stored as it is. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    const { clock } = this.#options;
    for (const running of this.#running.values()) {
      if (running.after === "answer") running.after = "leave";
    }
    const forget = clock.after(deadlineMs, () => {
      for (const { run } of this.#running.values()) run.end("interrupted", "DRAINING");
    });
    const giveUp = clock.after(deadlineMs + LAST_MS, () => this.#closing.abort());
    await Promise.all([...this.#running.values()].map(({ over }) => over));
    forget();
    giveUp();
  }

  #enter(
    asked: Asked,
    held: Promise<HeldRun | undefined>,
    task: (run: Run) => Promise<void>,
  ): Running {
    const { sessionId } = asked.key;
    const run = new Run(asked, {
      ...this.#options,
      say: (saying) => this.#patiently(() => this.#options.say(saying)),
      tell: (key, event) => this.#tell(key, event),
    });
    const over = Promise.withResolvers<void>();
    const running: Running = {
      run,
      held,
      over: over.promise,
      after: this.#isDraining ? "leave" : "answer",
      checkpoints: undefined,
    };
    this.#running.set(sessionId, running);
    this.#options.began();
    void this.#see(running, task).then(over.resolve);
    return running;
  }

  /** To its end, and what was to be answered next to its beginning: the lease is held for that. */
  async #see(running: Running, task: (run: Run) => Promise<void>): Promise<void> {
    const next = await this.#run(running, task).catch(this.#options.failed);
    this.#running.delete(running.run.asked.key.sessionId);
    this.#options.over();
    // Before anybody else who waits.
    if (next) this.#enter(next.asked, Promise.resolve(next.held), (run) => this.#write(run));
  }

  /** What is to be answered next, under the same lease. */
  async #run(running: Running, task: (run: Run) => Promise<void>) {
    const { run } = running;
    const unfollow = this.#options.follow(run.asked.key);
    try {
      const writing = task(run);
      // Who asked for it is told that it could not be held.
      const held = await running.held.catch(() => undefined);
      if (held === undefined) return undefined;
      // What breaks here is no reason to keep the lease: the session would seem to be answered for good.
      await this.#kept(running, held, writing).catch(this.#options.failed);
      const asked = await this.#patiently(() => held.finish(running.after));
      return asked && { asked, held };
    } finally {
      unfollow();
    }
  }

  async #kept(running: Running, held: HeldRun, writing: Promise<void>): Promise<void> {
    const { clock, kept, notKept: failed } = this.#options;
    await using checkpoints = new Checkpoints({ clock, run: running.run, held, kept, failed });
    running.checkpoints = checkpoints;
    await writing;
  }

  /** The model is asked once the lease is held: what it is told is read meanwhile. */
  async #write(run: Run): Promise<void> {
    const { asked, runId } = run;
    const { sessionId } = asked.key;
    const request = this.#options.request(asked, runId);
    // It may fail before it is awaited, or never be: without the lease nobody asks for it.
    request.catch(() => {});
    const held = await this.#running.get(sessionId)?.held.catch(() => undefined);
    if (held !== undefined) await run.write(() => request);
  }

  /** Text that somebody may have read ends as it is; where there was none the question is answered. */
  async #inherit(run: Run, left: LeftBy): Promise<void> {
    if (!(await this.#isOpen(run))) return;
    if (left.state.text.length > run.asked.begun.length) return run.bury(left);
    run.inherit(left);
    await this.#write(run);
  }

  async #writeIfOpen(run: Run): Promise<void> {
    if (await this.#isOpen(run)) await this.#write(run);
  }

  /** True if the run is held here and its answer is not there: whoever held it before stored that first. */
  async #isOpen({ asked: { key }, messageId }: Run): Promise<boolean> {
    const running = this.#running.get(key.sessionId);
    // As above: who asked is told.
    if ((await running?.held.catch(() => undefined)) === undefined) return false;
    return !(await this.#patiently(() => this.#options.isStored(key, messageId)));
  }

  #tell(key: SessionKey, event: RunEvent): void {
    if (event.type === "delta") this.#running.get(key.sessionId)?.checkpoints?.begun();
    this.#options.tell(key, event);
  }

  #patiently<T>(task: () => Promise<T>): Promise<T> {
    const { clock, random } = this.#options;
    return patiently({ clock, random, signal: this.#closing.signal }, task);
  }
}
