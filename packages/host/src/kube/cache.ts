import { keyOf, type KubeObject } from "./object.ts";

export interface Change<T> {
  key: string;
  before: T | undefined;
  after: T | undefined;
}

/** Objects by key, and those who hear of every change. One change costs one, however many there are. */
export class Cache<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #heard = new Set<(change: Change<T>) => void>();
  readonly #failed: (key: string, error: unknown) => void;

  /** `failed`: a listener threw. */
  constructor(failed: (key: string, error: unknown) => void) {
    this.#failed = failed;
  }

  get size(): number {
    return this.#objects.size;
  }
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }
  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  onChange(heard: (change: Change<T>) => void): () => void {
    // Of its own, so that a function that was given twice is forgotten once.
    const listener = (change: Change<T>) => heard(change);
    this.#heard.add(listener);
    return () => void this.#heard.delete(listener);
  }

  put(after: T): void {
    const key = keyOf(after);
    const before = this.#objects.get(key);
    if (before !== undefined && isSame(before, after)) return;
    this.#objects.set(key, after);
    this.#tell({ key, before, after });
  }

  remove(key: string): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    this.#tell({ key, before, after: undefined });
  }

  /** Makes the objects for which `isMine` these: what is not among them went while nobody looked. */
  replace(items: readonly T[], isMine: (object: T) => boolean): void {
    const listed = new Set(items.map(keyOf));
    const gone = [...this.#objects].filter(([key, object]) => !listed.has(key) && isMine(object));
    for (const [key] of gone) this.remove(key);
    for (const item of items) this.put(item);
  }

  #tell(change: Change<T>): void {
    for (const heard of this.#heard) {
      try {
        heard(change);
      } catch (error) {
        this.#failed(change.key, error);
      }
    }
  }
}

/** The same object as it was: a uid is for one life of a name. */
function isSame({ metadata: before }: KubeObject, { metadata: after }: KubeObject): boolean {
  return before.resourceVersion === after.resourceVersion && before.uid === after.uid;
}
