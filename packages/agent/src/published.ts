import { backendsOf, routeKey, type Route } from "@warren/wire";
import type { Target } from "./target.ts";

/** A route that this agent offers, and where each of its backends is. */
export interface Publication {
  readonly route: Route;
  /** By backend index, as long as `backendsOf(route)`. */
  readonly targets: readonly Target[];
}

/** What changed, in the words of an `ingress_routes` message. */
export interface PublishedChange {
  readonly revision: number;
  readonly added: readonly Route[];
  readonly updated: readonly Route[];
  readonly deleted: readonly Route[];
}

/** A publication in the table. */
export interface Entry extends Publication {
  /** `routeKey(route)`. */
  readonly key: string;
  readonly source: string;
}

/**
 * The table of what this agent publishes: the only addresses that a stream can lead to. Several
 * sources (the configuration, Kubernetes) write to it, each its own entries; a key that one source
 * holds cannot be taken by another.
 *
 * `revision` grows with every change, also over restarts and between the agents of one cluster,
 * since it follows the wall clock: a gateway refuses what is older than what it has.
 */
export class Published {
  #entries = new Map<string, Entry>();
  #revision: number;
  readonly #wallClock: () => number;
  readonly #listeners = new Set<(change: PublishedChange) => void>();

  /** `wallClock`: epoch milliseconds. */
  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
    this.#revision = Math.floor(wallClock());
  }

  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  *routes(): IterableIterator<Route> {
    for (const entry of this.#entries.values()) yield entry.route;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Makes `source` publish exactly these. Returns the keys that another source holds. */
  replace(source: string, publications: readonly Publication[]): string[] {
    const wanted = new Set(publications.map(({ route }) => routeKey(route)));
    const gone = [...this.#entries]
      .filter(([key, entry]) => entry.source === source && !wanted.has(key))
      .map(([key]) => key);
    return this.change(source, publications, gone);
  }

  /** Puts and removes entries of `source`. Returns the keys that another source holds. */
  change(source: string, put: readonly Publication[], remove: readonly string[]): string[] {
    const added: Route[] = [];
    const updated: Route[] = [];
    const taken: string[] = [];
    for (const publication of put) {
      const key = routeKey(publication.route);
      const before = this.#entries.get(key);
      if (before !== undefined && before.source !== source) taken.push(key);
      else if (before === undefined) added.push(publication.route);
      else if (!sameRoute(before.route, publication.route)) updated.push(publication.route);
      if (before === undefined || before.source === source) this.#put(key, source, publication);
    }
    const deleted = remove.flatMap((key) => this.#remove(key, source));
    if (added.length + updated.length + deleted.length > 0) this.#tell(added, updated, deleted);
    return taken;
  }

  /** A gateway knows a newer revision (another agent of this cluster): go past it. */
  raise(beyond: number): void {
    this.#revision = Math.max(this.#revision, beyond + 1);
  }

  /** A revision of its own for a message that says something again. */
  next(): number {
    this.#revision = Math.max(this.#revision + 1, Math.floor(this.#wallClock()));
    return this.#revision;
  }

  /** Hears of every change after it is in force. The returned function stops that. */
  onChange(listener: (change: PublishedChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put(key: string, source: string, { route, targets }: Publication): void {
    if (targets.length !== backendsOf(route).length)
      throw new Error(`publication ${key}: ${targets.length} targets for its backends`);
    this.#entries.set(key, { key, route, targets, source });
  }

  #remove(key: string, source: string): Route[] {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.source !== source) return [];
    this.#entries.delete(key);
    return [entry.route];
  }

  #tell(added: Route[], updated: Route[], deleted: Route[]): void {
    const revision = this.next();
    for (const listener of this.#listeners) listener({ revision, added, updated, deleted });
  }
}

/** A target may move without the gateways hearing of it: they only know routes. */
function sameRoute(before: Route, after: Route): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}
