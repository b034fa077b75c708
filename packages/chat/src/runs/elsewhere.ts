import type { LeaseMark, Leases } from "../leases/ports.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Said } from "../log/said.ts";
import type { RunLeases } from "./run-leases.ts";
import type { RunEvent, RunState } from "./run-event.ts";

export interface ElsewhereOptions {
  leases: Leases;
  runs: RunLeases;
  /** This instance. */
  holder: () => string;
  /** True for a session that somebody follows here, and whose answer is not written here. */
  isWanted: (sessionId: string) => boolean;
  hasHints: () => boolean;
  /** To those who follow the session here. */
  pass: (sessionId: string, event: RunEvent) => void;
}

/** Text of a run that lacks what is before it. */
interface Loose extends Pick<RunState, "runId" | "attempt"> {
  readonly at: number;
  readonly text: string;
}

/**
 * Answers that other instances write, as far as this one knows them. They come as hints, bit by bit; where
 * one is missing, and without hints, they go on from what was kept in the store.
 */
export class Elsewhere {
  readonly #options: ElsewhereOptions;
  readonly #known = new Map<string, RunState>();
  /** What was heard of sessions of which something before it is missing. */
  readonly #gaps = new Map<string, Loose>();
  readonly #beats = new Map<string, number>();

  constructor(options: ElsewhereOptions) {
    this.#options = options;
  }

  /** What is written in the session. Rejects while the store is away. */
  async of(key: SessionKey): Promise<RunState | undefined> {
    const { runs, isWanted } = this.#options;
    const state = await runs.read(key);
    if (state === undefined) this.forget(key.sessionId);
    else if (isWanted(key.sessionId)) this.#advance(key.sessionId, state);
    return state && (this.#known.get(key.sessionId) ?? state);
  }

  /** A hint of one came. */
  heard({ sessionId }: SessionKey, event: RunEvent): void {
    if (!this.#options.isWanted(sessionId)) return;
    if (event.type === "delta") return this.#delta(sessionId, event);
    if (event.type === "start") return this.#advance(sessionId, event.run);
    this.#end(sessionId, event);
  }

  /** An entry was told here: of an answer it is the end. */
  said({ kind, entry: { sessionId }, messageId, body }: Said): void {
    const run = this.#known.get(sessionId);
    if (run?.messageId !== messageId || kind !== "message" || body.answer === undefined) return;
    const { status, why } = body.answer;
    this.#end(sessionId, { type: "end", run: { ...run, text: body.content }, status, why });
  }

  /** Nobody follows the session here any more. */
  forget(sessionId: string): void {
    this.#known.delete(sessionId);
    this.#gaps.delete(sessionId);
    this.#beats.delete(sessionId);
  }

  /** Looks at what was kept since, of sessions whose hints do not suffice. Rejects while the store is away. */
  async look(): Promise<void> {
    const { leases, holder, hasHints, isWanted } = this.#options;
    if (hasHints() && this.#gaps.size === 0) return;
    const marks = await leases.marks("run", holder());
    // Of an answer that is over nothing is kept any more: its entry has all of it.
    const names = new Set(marks.map(({ name }) => name));
    for (const name of this.#gaps.keys()) if (!names.has(name)) this.#gaps.delete(name);
    const wanted = marks.filter(
      ({ name }) => isWanted(name) && (!hasHints() || this.#gaps.has(name)),
    );
    await Promise.all(wanted.map((mark) => this.#read(mark)));
  }

  async #read({ userId, name: sessionId, beat }: LeaseMark): Promise<void> {
    if (this.#beats.get(sessionId) === beat) return;
    const state = await this.#options.runs.read({ userId, sessionId });
    if (state === undefined || !this.#options.isWanted(sessionId)) return;
    this.#beats.set(sessionId, beat);
    this.#advance(sessionId, state);
  }

  #delta(sessionId: string, event: Extract<RunEvent, { type: "delta" }>): void {
    const { at, text } = event;
    const known = this.#known.get(sessionId);
    const isOfIt = known !== undefined && isOf(known, event.run);
    if (!isOfIt || at > known.text.length) return this.#keep(sessionId, event);
    this.#gaps.delete(sessionId);
    this.#advance(sessionId, { ...known, text: known.text.slice(0, at) + text });
  }

  /** Until what is before it is there. */
  #keep(sessionId: string, { run, at, text }: Extract<RunEvent, { type: "delta" }>): void {
    const { runId, attempt } = run;
    const loose = this.#gaps.get(sessionId);
    const isNext = loose !== undefined && isOf(loose, run) && at === loose.at + loose.text.length;
    const more = isNext ? { at: loose.at, text: loose.text + text } : { at, text };
    this.#gaps.set(sessionId, { runId, attempt, ...more });
  }

  /** With what was heard of it that comes after it. */
  #whole(sessionId: string, state: RunState): RunState {
    const loose = this.#gaps.get(sessionId);
    if (loose === undefined) return state;
    if (isOf(loose, state) && loose.at > state.text.length) return state;
    this.#gaps.delete(sessionId);
    const text = state.text.slice(0, loose.at) + loose.text;
    return isOf(loose, state) && text.length > state.text.length ? { ...state, text } : state;
  }

  /** As far as it is further than what is known. */
  #advance(sessionId: string, given: RunState): void {
    const state = this.#whole(sessionId, given);
    const known = this.#known.get(sessionId);
    const isOfIt = known !== undefined && isOf(known, state);
    if (isOfIt && state.text.length <= known.text.length) return;
    this.#known.set(sessionId, state);
    if (!isOfIt) return this.#options.pass(sessionId, { type: "start", run: state });
    const at = known.text.length;
    const text = state.text.slice(at);
    this.#options.pass(sessionId, { type: "delta", run: state, at, text });
  }

  #end(sessionId: string, event: Extract<RunEvent, { type: "end" }>): void {
    const known = this.#known.get(sessionId);
    if (known?.runId !== event.run.runId) return;
    this.forget(sessionId);
    this.#options.pass(sessionId, event);
  }
}

function isOf(a: Pick<RunState, "runId" | "attempt">, b: Pick<RunState, "runId" | "attempt">) {
  return a.runId === b.runId && a.attempt === b.attempt;
}
