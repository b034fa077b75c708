import { wait, type Clock } from "../clock.ts";
import { backoff } from "../retry.ts";
import type { KubeClient } from "./client.ts";
import { eventDraft, eventNamespace, seriesPatch, type Said } from "./event-draft.ts";
import { EventLimits } from "./event-limits.ts";
import { isKubeError, KubeError } from "./kube-error.ts";
import type { ObjectReference } from "./object.ts";
import { EVENTS } from "./resources.ts";

/**
 * Tells people what became of an object, where `kubectl describe` shows it. Never throws and makes nobody wait: what
 * cannot be written now is written later, as fast as the limits allow.
 */
export interface EventRecorder {
  /** `reason`: CamelCase, one of few. `message`: for a person, cut off at 1024 bytes. */
  normal(object: ObjectReference, reason: string, message: string): void;
  warning(object: ObjectReference, reason: string, message: string): void;
}

export interface EventRecorderOptions {
  client: KubeClient;
  /** Who says it (`reportingController`): `warren-agent`. */
  controller: string;
  /** Which one of them (`reportingInstance`): a pod's name. */
  instance: string;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** Makes names of Events unique: hexadecimal. */
  uniqueId: () => string;
  told: (event: EventsTold) => void;
}

export type EventsTold =
  /** Said once: Events of this process may not be written; nobody sees them. */
  | { kind: "forbidden"; error: unknown }
  | { kind: "failed"; error: unknown }
  /** One will not be written: too many wait, of its object or of all. */
  | { kind: "dropped" };

/** One that was said again and again. */
interface Series {
  said: Said;
  /** Undefined: it has not been written yet, or its object in the API has gone. */
  name: string | undefined;
  count: number;
  lastMs: number;
  /** It has taken its object's token: tries that fail take no more. */
  isCounted: boolean;
}

/** What waits to be written; of one object what was said last, in the order of its saying. */
const MOST_WAITING = 20_000;
const MOST_OF_OBJECT = 25;
/** An API server that fails is left alone for a while. */
const RETRY = { firstMs: 1_000, capMs: 60_000, heldMs: 0, random: () => 1 };

/** What was said before that is something new (client-go, `events`: six minutes). */
const SERIES_MS = 360_000;
/** A series that goes on is written so often. */
const REFRESH_MS = 60_000;
const MOST_SERIES = 4_096;
/** A namespace in which Events may not be written is tried again. */
const FORBIDDEN_MS = 600_000;

/**
 * Writes Events (events.k8s.io/v1), one request at a time; repetitions are counted in a series. What there is no room
 * for yet waits: of its object, of all, or until the API server takes it.
 */
export class KubeEventRecorder implements EventRecorder, AsyncDisposable {
  readonly #options: EventRecorderOptions;
  readonly #limits: EventLimits;
  /** In the order of their last use. */
  readonly #series = new Map<string, Series>();
  readonly #queue = new Set<Series>();
  /** Those of `#queue` that are new, by object. */
  readonly #waiting = new Map<string, Set<Series>>();
  /** Waits for its object's, or its namespace's, time. */
  readonly #parked = new Map<Series, () => void>();
  readonly #closing = new AbortController();
  readonly #silent = new Map<string, number>();
  /** Of those that were said again: there is more to be said than what was written. */
  readonly #refreshing = new Map<Series, () => void>();
  /** How often it was cleared: what was under way then does not come back. */
  #clears = 0;
  #working: Promise<void> | undefined;
  #isWriting = false;
  #hasToldForbidden = false;
  #closed = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#limits = new EventLimits(options.clock);
  }

  normal(object: ObjectReference, reason: string, message: string): void {
    this.#say({ object, type: "Normal", reason, message });
  }
  warning(object: ObjectReference, reason: string, message: string): void {
    this.#say({ object, type: "Warning", reason, message });
  }

  /** Events that are still to be written. */
  get waiting(): number {
    return this.#queue.size + this.#parked.size;
  }

  /** What was not written yet will not be: another process says it now. */
  clear(): void {
    this.#clears += 1;
    this.#forgetTimers();
    this.#queue.clear();
    this.#waiting.clear();
    this.#series.clear();
  }

  /** Writes what may be written now, or gives it up when the API does not take it; says nothing more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#closing.abort();
    this.#forgetTimers();
    await this.#working;
  }

  #forgetTimers(): void {
    for (const timers of [this.#parked, this.#refreshing]) {
      for (const forget of timers.values()) forget();
      timers.clear();
    }
  }

  #say(said: Said): void {
    if (this.#closed) return;
    const key = keyOf(said);
    const known = this.#series.get(key);
    const now = this.#options.clock.now();
    this.#series.delete(key);
    if (known !== undefined && now - known.lastMs < SERIES_MS) {
      this.#series.set(key, known);
      known.count += 1;
      known.lastMs = now;
      this.#refresh(known);
      return;
    }
    if (this.waiting >= MOST_WAITING) return this.#options.told({ kind: "dropped" });
    const series = { said, name: undefined, count: 1, lastMs: now, isCounted: false };
    this.#series.set(key, series);
    this.#forgetOldest();
    this.#line(series);
    this.#write(series);
  }

  /** Among those of its object, of which the oldest goes when they are too many. */
  #line(series: Series): void {
    const object = objectOf(series.said);
    const all = this.#waiting.get(object) ?? new Set();
    this.#waiting.set(object, all.add(series));
    if (all.size <= MOST_OF_OBJECT) return;
    const [oldest] = all;
    this.#leave(oldest!);
    this.#refreshing.get(oldest!)?.();
    this.#refreshing.delete(oldest!);
    this.#series.delete(keyOf(oldest!.said));
    this.#options.told({ kind: "dropped" });
  }

  #leave(series: Series): void {
    this.#queue.delete(series);
    this.#parked.get(series)?.();
    this.#parked.delete(series);
    const object = objectOf(series.said);
    const all = this.#waiting.get(object);
    if (all?.delete(series) === true && all.size === 0) this.#waiting.delete(object);
  }

  /** The first repetition is shown soon, and all that follow with it. */
  #refresh(series: Series): void {
    if (this.#refreshing.has(series)) return;
    const forget = this.#options.clock.after(REFRESH_MS, () => {
      this.#refreshing.delete(series);
      // What waits for its time says then how often it was said.
      if (!this.#parked.has(series)) this.#write(series);
    });
    this.#refreshing.set(series, forget);
  }

  #write(series: Series): void {
    this.#queue.add(series);
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#working = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    const waits = backoff(RETRY);
    for (const series of this.#queue) {
      const namespace = eventNamespace(series.said);
      const parkedMs = this.#silentMs(namespace) || this.#objectMs(series);
      if (parkedMs > 0) this.#park(series, parkedMs);
      if (parkedMs > 0 || !(await this.#hasTurn())) continue;
      // It may have been given up meanwhile.
      if (!this.#queue.has(series)) continue;
      this.#leave(series);
      const clears = this.#clears;
      try {
        await this.#writeOne(series);
        waits.ended(0);
      } catch (error) {
        this.#failed(error, namespace);
        if (this.#closed) break;
        if (!isPassing(error) || clears !== this.#clears) continue;
        this.#line(series);
        this.#queue.add(series);
        if (!isKubeError(error, "Forbidden")) await this.#rest(waits.next());
      }
    }
    this.#isWriting = false;
  }

  /** What is counted on was allowed when it was new. */
  #objectMs(series: Series): number {
    if (series.isCounted || series.name !== undefined) return 0;
    const ms = this.#limits.waitOfObject(objectOf(series.said));
    series.isCounted = ms === 0;
    return ms;
  }

  #park(series: Series, ms: number): void {
    this.#queue.delete(series);
    if (this.#closed) return;
    const forget = this.#options.clock.after(ms, () => {
      this.#parked.delete(series);
      this.#write(series);
    });
    this.#parked.set(series, forget);
  }

  /** False: it is being closed before there is room. */
  async #hasTurn(): Promise<boolean> {
    for (;;) {
      const ms = this.#limits.waitOfAll();
      if (ms === 0) return true;
      if (!(await this.#rest(ms))) return false;
    }
  }

  #rest(ms: number): Promise<boolean> {
    return wait(this.#options.clock, ms, this.#closing.signal);
  }

  async #writeOne(series: Series): Promise<void> {
    const { client, wallClock } = this.#options;
    const namespace = eventNamespace(series.said);
    if (series.name !== undefined) {
      const body = seriesPatch(series.count, wallClock());
      const patch = { body, subresource: undefined };
      const written = await client
        .mergePatch(EVENTS, { namespace, name: series.name }, patch)
        .catch(goneAs(undefined));
      if (written !== undefined) return;
    }
    // Events are removed after an hour: what is said again then is said anew.
    const draft = eventDraft(series.said, { ...this.#options, now: wallClock() });
    const created = await client.create(EVENTS, draft);
    series.name = created.metadata.name;
  }

  #failed(error: unknown, namespace: string): void {
    const { clock, told } = this.#options;
    if (!isKubeError(error, "Forbidden")) return told({ kind: "failed", error });
    this.#silent.set(namespace, clock.now() + FORBIDDEN_MS);
    if (!this.#hasToldForbidden) told({ kind: "forbidden", error });
    this.#hasToldForbidden = true;
  }

  /** For each namespace: one that is being deleted refuses as well, and says nothing of the others. */
  #silentMs(namespace: string): number {
    const until = this.#silent.get(namespace) ?? 0;
    const left = until - this.#options.clock.now();
    if (left <= 0) this.#silent.delete(namespace);
    return Math.max(0, left);
  }

  #forgetOldest(): void {
    if (this.#series.size <= MOST_SERIES) return;
    const [oldest] = this.#series.keys();
    if (oldest !== undefined) this.#series.delete(oldest);
  }
}

/** Whether it may be written later: what the server finds wrong with it stays wrong. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof KubeError)) return true;
  return error.status < 400 || error.status >= 500 || [401, 403, 429].includes(error.status);
}

function goneAs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isKubeError(error, "NotFound")) return value;
    throw error;
  };
}

function objectOf({ object }: Said): string {
  const { apiVersion, kind, namespace = "", name, uid = "" } = object;
  return [apiVersion, kind, namespace, name, uid].join("\n");
}

function keyOf(said: Said): string {
  return [objectOf(said), said.type, said.reason, said.message].join("\n");
}
