import type { Clock } from "../clock.ts";
import { Cache, type Change } from "./cache.ts";
import type { KubeClient } from "./client.ts";
import type { KubeObject, Resource } from "./object.ts";
import { Reflector } from "./reflector.ts";
import type { WatchTold } from "./watch-told.ts";

/** `live`: follows the server, or is on its way back to it. The others hold nothing new until they change. */
export type WatchState = "starting" | "live" | "absent" | "forbidden";

/**
 * A cache of one resource that follows the server: it lists, watches with bookmarks, goes on from where a stream
 * ended, lists anew on 410 and every ten minutes or so, and notices a dead peer. Nothing but its signal or its
 * disposal ends it. A resource that the server does not have is an empty one, looked for again until it appears.
 * What is lost is kept as it was last seen, so that an API server that is away withdraws nothing.
 */
export interface Watched<T extends KubeObject> extends AsyncDisposable {
  readonly resource: Resource<T>;
  /**
   * Resolves when the first list has been applied, also that of a resource that is absent. Rejects only when the
   * signal aborts. While reading is forbidden it waits: `state` says so.
   */
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  readonly state: WatchState;
  /** key = "namespace/name", or "name" for what belongs to the cluster. */
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  readonly size: number;
  /**
   * Hears every change, right after `get` shows it, in the order of the server; a list is told as the changes that it
   * makes, before `synced` resolves. What throws is told and ends nothing. Returns what forgets the listener.
   */
  onChange(heard: (change: Change<T>) => void): () => void;
}

export interface WatchOptions<T extends KubeObject> {
  client: KubeClient;
  resource: Resource<T>;
  /** Undefined: all, in one watch. Otherwise a watch for each. */
  namespaces: readonly string[] | undefined;
  labelSelector: string | undefined;
  fieldSelector: string | undefined;
  /** What is kept of an object: `withoutManagedFields`, or fewer fields. */
  trim: (object: T) => T;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  told: (event: WatchTold) => void;
  signal: AbortSignal;
}

export function watchResource<T extends KubeObject>(options: WatchOptions<T>): Watched<T> {
  return new ResourceWatch(options);
}

/** `object` without the list of who owns which field, which is often most of it. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const metadata: T["metadata"] & { managedFields?: unknown } = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata };
}

class ResourceWatch<T extends KubeObject> implements Watched<T> {
  readonly resource: Resource<T>;
  readonly synced: Promise<void>;
  isSynced = false;
  readonly #cache: Cache<T>;
  readonly #reflectors: readonly Reflector<T>[];
  readonly #closing = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(options: WatchOptions<T>) {
    const { resource, told } = options;
    this.resource = resource;
    this.#cache = new Cache((key, error) => told({ kind: "handlerFailed", resource, key, error }));
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    const namespaces = resource.namespaced ? options.namespaces : undefined;
    this.#reflectors = (namespaces ?? [undefined]).map(
      (namespace) => new Reflector({ ...options, signal, namespace, cache: this.#cache }),
    );
    this.synced = this.#allSynced();
    // Whoever does not wait for it has not asked for a rejection.
    this.synced.catch(() => {});
    this.#running = Promise.all(this.#reflectors.map((reflector) => reflector.run()));
  }

  get state(): WatchState {
    const states = this.#reflectors.map(({ state }) => state);
    return WORST_FIRST.find((state) => states.includes(state)) ?? "live";
  }
  get size(): number {
    return this.#cache.size;
  }
  get(key: string): T | undefined {
    return this.#cache.get(key);
  }
  values(): IterableIterator<T> {
    return this.#cache.values();
  }
  onChange(heard: (change: Change<T>) => void): () => void {
    return this.#cache.onChange(heard);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #allSynced(): Promise<void> {
    await Promise.all(this.#reflectors.map(({ synced }) => synced));
    this.isSynced = true;
  }
}

const WORST_FIRST: readonly WatchState[] = ["forbidden", "starting", "absent", "live"];
