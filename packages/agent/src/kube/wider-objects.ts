import type { KubeObject, Watched } from "@warren/host/kube";
import type { ObjectChange, Objects } from "./objects-port.ts";

/**
 * Objects of the namespaces that an agent follows, and some of others as far as it may read there. A right
 * that it lacks keeps nothing waiting: it is asked for again, and until then `hidden` says where nobody looks.
 */
export class WiderObjects<T extends KubeObject> implements Objects<T> {
  readonly synced: Promise<void>;
  readonly #own: Objects<T>;
  readonly #elsewhere: ReadonlyMap<string, Watched<T>>;

  /** `open` watches one namespace, and calls back when that is forbidden. */
  constructor(
    own: Objects<T>,
    elsewhere: readonly string[],
    open: (namespace: string, onForbidden: () => void) => Watched<T>,
  ) {
    this.#own = own;
    const all = elsewhere.map((namespace) => {
      const forbidden = Promise.withResolvers<void>();
      const watched = open(namespace, forbidden.resolve);
      return { namespace, watched, known: Promise.race([watched.synced, forbidden.promise]) };
    });
    this.#elsewhere = new Map(all.map(({ namespace, watched }) => [namespace, watched]));
    this.synced = allOf([own.synced, ...all.map(({ known }) => known)]);
    this.synced.catch(() => {}); // whoever waits for it hears it
  }

  /** Other namespaces that this agent may not read. */
  get hidden(): readonly string[] {
    return [...this.#elsewhere]
      .filter(([, { state }]) => state === "forbidden")
      .map(([namespace]) => namespace);
  }

  /** The API server has still to answer for these. */
  get missing(): readonly Watched<T>[] {
    return [...this.#elsewhere.values()].filter(
      ({ isSynced, state }) => !isSynced && state !== "forbidden",
    );
  }

  get(key: string): T | undefined {
    const elsewhere = this.#elsewhere.get(key.slice(0, key.indexOf("/")));
    return (elsewhere ?? this.#own).get(key);
  }

  *values(): IterableIterator<T> {
    yield* this.#own.values();
    for (const watched of this.#elsewhere.values()) yield* watched.values();
  }

  onChange(heard: (change: ObjectChange<T>) => void): () => void {
    const all = [this.#own, ...this.#elsewhere.values()];
    const stops = all.map((objects) => objects.onChange(heard));
    return () => {
      for (const stop of stops) stop();
    };
  }
}

async function allOf(all: readonly Promise<void>[]): Promise<void> {
  await Promise.all(all);
}
