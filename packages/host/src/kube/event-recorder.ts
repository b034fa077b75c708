import type { Clock } from "../clock.ts";
import type { KubeClient } from "./client.ts";
import { eventDraft, eventNamespace, seriesPatch, type Said } from "./event-draft.ts";
import { EventLimits } from "./event-limits.ts";
import { isKubeError } from "./kube-error.ts";
import type { ObjectReference } from "./object.ts";
import { EVENTS } from "./resources.ts";

/**
 * Tells people what became of an object, where `kubectl describe` shows it. Never throws and never waits: what cannot
 * be written is dropped, for an Event changes nothing.
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
  /** One was not written: too many of its object, or of all. */
  | { kind: "dropped" };

/** One that was said again and again. */
interface Series {
  said: Said;
  /** Undefined: it has not been written yet, or its object in the API has gone. */
  name: string | undefined;
  count: number;
  lastMs: number;
  /** Whether there is more to be said than what was written. */
  isDue: boolean;
}

/** What was said before that is something new (client-go, `events`: six minutes). */
const SERIES_MS = 360_000;
/** A series that goes on is written so often. */
const REFRESH_MS = 60_000;
const MOST_SERIES = 4_096;
/** A namespace in which Events may not be written is tried again. */
const FORBIDDEN_MS = 600_000;

/** Writes Events (events.k8s.io/v1), one request at a time; repetitions are counted in a series. */
export class KubeEventRecorder implements EventRecorder, AsyncDisposable {
  readonly #options: EventRecorderOptions;
  readonly #limits: EventLimits;
  /** In the order of their last use. */
  readonly #series = new Map<string, Series>();
  readonly #queue = new Set<Series>();
  readonly #silent = new Map<string, number>();
  readonly #timers = new Set<() => void>();
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

  /** Writes what was said so far, or gives it up when the API does not take it; says nothing more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const forget of this.#timers) forget();
    this.#timers.clear();
    await this.#working;
  }

  #say(said: Said): void {
    if (this.#closed || this.#isSilent(eventNamespace(said))) return;
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
    if (!this.#limits.allow(objectOf(said))) return this.#options.told({ kind: "dropped" });
    const series = { said, name: undefined, count: 1, lastMs: now, isDue: false };
    this.#series.set(key, series);
    this.#forgetOldest();
    this.#write(series);
  }

  /** The first repetition is shown soon, and all that follow with it. */
  #refresh(series: Series): void {
    if (series.isDue) return;
    series.isDue = true;
    const forget = this.#options.clock.after(REFRESH_MS, () => {
      this.#timers.delete(forget);
      series.isDue = false;
      this.#write(series);
    });
    this.#timers.add(forget);
  }

  #write(series: Series): void {
    this.#queue.add(series);
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#working = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    for (const series of this.#queue) {
      this.#queue.delete(series);
      if (this.#isSilent(eventNamespace(series.said))) continue;
      try {
        await this.#writeOne(series);
      } catch (error) {
        this.#failed(error, eventNamespace(series.said));
      }
    }
    this.#isWriting = false;
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
  #isSilent(namespace: string): boolean {
    const until = this.#silent.get(namespace);
    if (until === undefined) return false;
    if (this.#options.clock.now() < until) return true;
    this.#silent.delete(namespace);
    return false;
  }

  #forgetOldest(): void {
    if (this.#series.size <= MOST_SERIES) return;
    const [oldest] = this.#series.keys();
    if (oldest !== undefined) this.#series.delete(oldest);
  }
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
