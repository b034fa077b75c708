import { wait, type Clock } from "../clock.ts";
import { backoff } from "../retry.ts";
import type { KubeClient } from "./client.ts";
import { eventDraft, eventNamespace, objectOf, seriesPatch, type Said } from "./event-draft.ts";
import { EventLimits } from "./event-limits.ts";
import { isKubeError, KubeError } from "./kube-error.ts";
import type { ObjectReference } from "./object.ts";
import { EVENTS } from "./resources.ts";
import { WaitingEvents } from "./waiting-events.ts";

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
  /** One may not be written where its object is, and waits; said once of each. */
  | { kind: "forbidden"; error: unknown }
  /** A try failed. */
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
  /** It was told that it may not be written. */
  isForbidden: boolean;
}

/** A namespace in which Events may not be written. */
interface Silence {
  until: number;
  error: unknown;
}

/** An API server that fails is left alone for a while. */
const RETRY = { firstMs: 1_000, capMs: 60_000, heldMs: 0, random: () => 1 };

/** What was said before that is something new (client-go, `events`: six minutes). */
const SERIES_MS = 360_000;
/** A series that goes on is written so often. */
const REFRESH_MS = 60_000;
const MOST_SERIES = 4_096;
/** After that a namespace in which Events may not be written is tried again. */
const FORBIDDEN_MS = 600_000;

/**
 * Writes Events (events.k8s.io/v1), one request at a time; repetitions are counted in a series. What there is no room
 * for yet waits: of its object, of all, or until the API server takes it. Namespaces take turns.
 */
export class KubeEventRecorder implements EventRecorder, AsyncDisposable {
  readonly #options: EventRecorderOptions;
  readonly #limits: EventLimits;
  /** In the order of their last use. */
  readonly #series = new Map<string, Series>();
  readonly #waiting = new WaitingEvents<Series>();
  /** Those that wait for their object's, or their namespace's, time. */
  readonly #parked = new Map<Series, () => void>();
  readonly #closing = new AbortController();
  readonly #silent = new Map<string, Silence>();
  /** Of those that were said again: there is more to be said than what was written. */
  readonly #refreshing = new Map<Series, () => void>();
  /** How often it was cleared: what was under way then does not come back. */
  #clears = 0;
  #working: Promise<void> | undefined;
  #isWriting = false;
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
    return this.#waiting.size;
  }

  /** What was not written yet will not be: another process says it now. */
  clear(): void {
    this.#clears += 1;
    this.#forgetTimers();
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
    const fresh = { name: undefined, count: 1, lastMs: now, isCounted: false, isForbidden: false };
    const series = { said, ...fresh };
    this.#series.set(key, series);
    this.#forgetOldest();
    this.#write(series);
  }

  #giveUp(series: Series): void {
    for (const timers of [this.#parked, this.#refreshing]) {
      timers.get(series)?.();
      timers.delete(series);
    }
    // What was never written is new when it is said again.
    const key = keyOf(series.said);
    if (series.name === undefined && this.#series.get(key) === series) this.#series.delete(key);
    this.#options.told({ kind: "dropped" });
  }

  /** The first repetition is shown soon, and all that follow with it. */
  #refresh(series: Series): void {
    if (this.#refreshing.has(series)) return;
    const forget = this.#options.clock.after(REFRESH_MS, () => {
      this.#refreshing.delete(series);
      // What waits says then how often it was said.
      if (!this.#waiting.has(series)) this.#write(series);
    });
    this.#refreshing.set(series, forget);
  }

  #write(series: Series): void {
    for (const lost of this.#waiting.add(series)) this.#giveUp(lost);
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#working = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    const waits = backoff(RETRY);
    for (let series = this.#waiting.next(); series !== undefined; series = this.#waiting.next()) {
      const parkedMs = this.#silentMs(series) || this.#objectMs(series);
      if (parkedMs > 0) {
        this.#park(series, parkedMs);
        continue;
      }
      if (!(await this.#hasTurn())) break;
      // It may have been given up meanwhile.
      if (!this.#waiting.has(series)) continue;
      this.#waiting.delete(series);
      const clears = this.#clears;
      try {
        await this.#writeOne(series);
        waits.ended(0);
      } catch (error) {
        this.#failed(error, series);
        if (this.#closed) break;
        if (!isPassing(error) || clears !== this.#clears) continue;
        this.#write(series);
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
    this.#waiting.pause(series);
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

  #failed(error: unknown, series: Series): void {
    const { clock, told } = this.#options;
    if (!isKubeError(error, "Forbidden")) return told({ kind: "failed", error });
    const now = clock.now();
    // Of a namespace that has gone nobody says anything any more.
    for (const [namespace, { until }] of this.#silent)
      if (until <= now) this.#silent.delete(namespace);
    this.#silent.set(eventNamespace(series.said), { until: now + FORBIDDEN_MS, error });
    this.#tellForbidden(series, error);
  }

  #tellForbidden(series: Series, error: unknown): void {
    if (!series.isForbidden) this.#options.told({ kind: "forbidden", error });
    series.isForbidden = true;
  }

  /** For each namespace: one that is being deleted refuses as well, and says nothing of the others. */
  #silentMs(series: Series): number {
    const namespace = eventNamespace(series.said);
    const silence = this.#silent.get(namespace);
    if (silence === undefined) return 0;
    const left = silence.until - this.#options.clock.now();
    if (left > 0) this.#tellForbidden(series, silence.error);
    else this.#silent.delete(namespace);
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

function keyOf(said: Said): string {
  return [objectOf(said), said.type, said.reason, said.message].join("\n");
}
