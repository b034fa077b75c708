import { PublishedCertificates } from "./published-certificates.ts";
import { backendsOf, inTurns, routeKey, type Route } from "@warren/wire";
import { Places } from "./places.ts";
import type { Target } from "./target.ts";
import { Verdicts } from "./verdicts.ts";
import type { Voice } from "./voice.ts";

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
 * holds cannot be taken by another. Whether this agent announces it is its voice's to say: one that
 * does not speak fills the same table and carries the same traffic.
 */
export class Published {
  /** Who speaks, and with which revision: a gateway refuses what is older than what it has. */
  readonly voice: Voice;
  /** What gateways said of each entry, by its key. */
  readonly verdicts = new Verdicts();
  /** Certificates that come with the routes. */
  readonly certificates = new PublishedCertificates();
  /** Where all entries together lead. */
  readonly places = new Places();
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(change: PublishedChange) => void>();

  constructor(voice: Voice) {
    this.voice = voice;
    voice.onChange((speaks) => {
      if (!speaks) this.verdicts.clear();
    });
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

  /** As they are said all together: a gateway that has no room for all takes the first. */
  inTurns(): Route[] {
    return inTurns([...this.routes()], (route) => route);
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
      if (before !== undefined && before.source !== source) {
        taken.push(key);
        continue;
      }
      const isSame = before !== undefined && sameRoute(before.route, publication.route);
      // The very route that was announced, while it says the same: answers are about that one.
      const route = isSame ? before.route : publication.route;
      this.#put({ key, source, route, targets: publication.targets });
      if (isSame) continue;
      (before === undefined ? added : updated).push(route);
      this.verdicts.await(key);
    }
    const deleted = remove.flatMap((key) => this.#remove(key, source));
    if (added.length + updated.length + deleted.length > 0) this.#tell(added, updated, deleted);
    return taken;
  }

  /** Hears of every change after it is in force. The returned function stops that. */
  onChange(listener: (change: PublishedChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put(entry: Entry): void {
    if (entry.targets.length !== backendsOf(entry.route).length)
      throw new Error(`publication ${entry.key}: ${entry.targets.length} targets for its backends`);
    this.places.move(this.#entries.get(entry.key)?.targets ?? [], entry.targets);
    this.#entries.set(entry.key, entry);
  }

  #remove(key: string, source: string): Route[] {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.source !== source) return [];
    this.#entries.delete(key);
    this.places.move(entry.targets, []);
    this.verdicts.forget(key);
    return [entry.route];
  }

  #tell(added: Route[], updated: Route[], deleted: Route[]): void {
    const revision = this.voice.next();
    for (const listener of this.#listeners) listener({ revision, added, updated, deleted });
  }
}

/** A target may move without the gateways hearing of it: they only know routes. */
function sameRoute(before: Route, after: Route): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}
