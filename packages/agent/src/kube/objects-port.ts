/** Something changed: `before` undefined is new, `after` undefined is gone. */
export interface ObjectChange<T> {
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** A cache of one resource that follows the server: `Watched` of `@warren/host/kube`. */
export interface Objects<T> {
  /** The first list is there. */
  readonly synced: Promise<void>;
  /** By `namespace/name`, or `name` of what belongs to the cluster. */
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  /** Hears of each change once it can be looked up. The returned function stops that. */
  onChange(heard: (change: ObjectChange<T>) => void): () => void;
}
