import type { KubeObject, Resource } from "@warren/host/kube";
import type { ObjectChange, Objects } from "../objects-port.ts";

/** A cache of one version, as `watchResource` makes them. */
export interface VersionWatch<T> extends Objects<T>, AsyncDisposable {}

export interface ServedWatchOptions<T extends KubeObject> {
  /** The best first. */
  readonly versions: readonly [Resource<T>, ...Resource<T>[]];
  serves(resource: Resource<T>): Promise<boolean>;
  /** `gone`: the server has this version no more. */
  watch(resource: Resource<T>, gone: () => void): VersionWatch<T>;
  /** Runs `task` after `ms`; the returned function forgets it. */
  readonly after: (ms: number, task: () => void) => () => void;
}

/** How often it is asked whether another version is served, while the one that is watched is not. */
const LOOK_AGAIN_MS = 30_000;

/**
 * A cache of a kind in whichever version the server has. While it has none the best one is watched,
 * which finds it when it appears; other versions are asked for meanwhile. A change of version is told
 * as the changes that it makes.
 */
export class ServedWatch<T extends KubeObject> implements Objects<T>, AsyncDisposable {
  readonly synced: Promise<void>;
  readonly #options: ServedWatchOptions<T>;
  readonly #listeners = new Set<(change: ObjectChange<T>) => void>();
  #watched: { resource: Resource<T>; watch: VersionWatch<T>; stop: () => void } | undefined;
  #forget: (() => void) | undefined;
  #closed = false;

  constructor(options: ServedWatchOptions<T>) {
    this.#options = options;
    this.synced = this.#start();
    this.synced.catch(() => {}); // whoever waits for it hears it
  }

  /** The version that is watched; undefined before it is known. */
  get resource(): Resource<T> | undefined {
    return this.#watched?.resource;
  }

  get(key: string): T | undefined {
    return this.#watched?.watch.get(key);
  }
  values(): IterableIterator<T> {
    return this.#watched?.watch.values() ?? [].values();
  }
  onChange(heard: (change: ObjectChange<T>) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#forget?.();
    this.#watched?.stop();
    await this.#watched?.watch[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const served = await this.#served();
    if (this.#closed) return;
    this.#follow(served ?? this.#options.versions[0]);
    if (served === undefined) this.#lookAgain();
    await this.#watched?.watch.synced;
  }

  async #served(): Promise<Resource<T> | undefined> {
    const { versions } = this.#options;
    for (const version of versions)
      if (await this.#options.serves(version).catch(() => false)) return version;
    return undefined;
  }

  #follow(resource: Resource<T>): void {
    const before = this.#watched;
    const watch = this.#options.watch(resource, () => this.#lookAgain());
    const stop = watch.onChange((change) => this.#tell(change));
    this.#watched = { resource, watch, stop };
    if (before !== undefined) void this.#leave(before);
  }

  /** What only the version before had is gone with it. */
  async #leave(before: { watch: VersionWatch<T>; stop: () => void }): Promise<void> {
    before.stop();
    for (const object of before.watch.values()) {
      const { namespace, name } = object.metadata;
      const key = namespace === undefined ? name : `${namespace}/${name}`;
      if (this.get(key) === undefined) this.#tell({ key, before: object, after: undefined });
    }
    await before.watch[Symbol.asyncDispose]();
  }

  #lookAgain(): void {
    if (this.#closed || this.#options.versions.length === 1) return;
    this.#forget?.();
    this.#forget = this.#options.after(LOOK_AGAIN_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const served = await this.#served();
    if (this.#closed) return;
    if (served === undefined) return this.#lookAgain();
    if (served.version !== this.#watched?.resource.version) this.#follow(served);
  }

  #tell(change: ObjectChange<T>): void {
    for (const heard of this.#listeners) heard(change);
  }
}
