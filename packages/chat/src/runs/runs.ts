import type { SessionKey } from "../log/entry.ts";
import type { ProviderRequest } from "../providers/ports.ts";
import type { RunDeps } from "./ports.ts";
import type { RunState } from "./run-event.ts";
import { Run, type Asked } from "./run.ts";

export interface RunsOptions extends RunDeps {
  /** What the model is told. */
  request: (asked: Asked, runId: string) => Promise<ProviderRequest>;
}

/**
 * The answers that this instance writes: one at a time in a session. What is asked meanwhile waits, and
 * of several questions one answer follows, to the last: it knows the others.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #running = new Map<string, Run>();
  readonly #next = new Map<string, Asked>();
  readonly #writing = new Set<Promise<void>>();
  #isDraining = false;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#running.size;
  }

  ask(asked: Asked): void {
    const { sessionId } = asked.key;
    if (this.#running.has(sessionId)) this.#next.set(sessionId, asked);
    else this.#start(asked);
  }

  of({ sessionId }: SessionKey): RunState | undefined {
    return this.#running.get(sessionId)?.state;
  }

  /** Ends the session's answer, the one named or whichever runs, and what waits. False: there is none. */
  stop({ sessionId }: SessionKey, runId: string | undefined): boolean {
    const run = this.#running.get(sessionId);
    if (run === undefined || (runId !== undefined && run.runId !== runId)) return false;
    this.#next.delete(sessionId);
    run.end("stopped");
    return true;
  }

  /** Somebody else answers in the session from now on. */
  supersede({ sessionId }: SessionKey): void {
    this.#next.delete(sessionId);
    this.#running.get(sessionId)?.end("superseded");
  }

  /** Begins no more and lets those that run end; at the deadline what is left is stored as it is. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    this.#next.clear();
    const forget = this.#options.clock.after(deadlineMs, () => {
      for (const run of this.#running.values()) run.end("interrupted", "DRAINING");
    });
    await Promise.all(this.#writing);
    forget();
  }

  #start(asked: Asked): void {
    if (this.#isDraining) return;
    const { sessionId } = asked.key;
    const run = new Run(asked, this.#options);
    this.#running.set(sessionId, run);
    const writing = run
      .write(() => this.#options.request(asked, run.runId))
      .finally(() => {
        this.#writing.delete(writing);
        this.#running.delete(sessionId);
        const next = this.#next.get(sessionId);
        this.#next.delete(sessionId);
        if (next !== undefined) this.#start(next);
      });
    this.#writing.add(writing);
  }
}
