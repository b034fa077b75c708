import type { Publication } from "../../published.ts";
import { routeKey } from "@warren/wire";
import { WILDCARDS, type HostOwners } from "../host-owners.ts";
import type { Claim, Place, RouteOutcome } from "./outcome.ts";

/** Who claims: of two that want one place the older has it. */
export interface Claimant {
  /** Unique; begins with `namespace/`. */
  readonly name: string;
  /** Epoch milliseconds of the object's creation. */
  readonly age: number;
}

/** A place that somebody wanted, and who has it. */
export interface Lost {
  readonly place: string;
  readonly holder: string;
}

interface Keyed {
  readonly key: string;
  readonly publication: Publication;
}

interface Holding {
  readonly claimant: Claimant;
  readonly claims: readonly Claim[];
  /** By route key. */
  published: ReadonlyMap<string, Publication>;
  lost: readonly Lost[];
}

/**
 * Which claims are published, among all of a cluster: a place goes to the oldest object that wants
 * it, then to the first by name (Gateway API, "Conflicts"); within one object to its first claim. A
 * change costs what its own places cost, however many there are. A server name that is passed through
 * takes all HTTPS of its host away, so that it must be older than what another namespace has there.
 * Invariants:
 *
 * L1. `#wanted` has every place of every holding, its claimants in their order; `#beside` has who is
 *     served beside a place.
 * L2. After `settle`, `published` of each holding is what follows from L1.
 */
export class Places {
  readonly #holdings = new Map<string, Holding>();
  readonly #wanted = new Map<string, Claimant[]>();
  readonly #beside = new Map<string, Map<string, Claimant>>();
  readonly #unsettled = new Set<string>();
  readonly #gone = new Map<string, ReadonlyMap<string, Publication>>();

  /** Makes these the claims of `claimant`; none takes it away. */
  set(claimant: Claimant, claims: readonly Claim[]): void {
    const before = this.#holdings.get(claimant.name);
    if (before !== undefined) this.#withdraw(before);
    const { name } = claimant;
    if (claims.length === 0) {
      if (before !== undefined) this.#gone.set(name, before.published);
      this.#holdings.delete(name);
      this.#unsettled.delete(name);
      return;
    }
    const left = this.#gone.get(name);
    this.#gone.delete(name);
    const published = before?.published ?? left ?? new Map<string, Publication>();
    this.#holdings.set(name, { claimant, claims, published, lost: before?.lost ?? [] });
    this.#unsettled.add(name);
    for (const place of placesOf(claims)) this.#want(place, claimant);
    for (const place of besideOf(claims)) {
      const there = this.#beside.get(place) ?? new Map<string, Claimant>();
      this.#beside.set(place, there.set(name, claimant));
      this.#unsettle(this.#wanted.get(place) ?? []);
    }
  }

  /** Places that `name` wants and another has. */
  lost(name: string): readonly Lost[] {
    return this.#holdings.get(name)?.lost ?? [];
  }

  published(name: string): ReadonlyMap<string, Publication> {
    return this.#holdings.get(name)?.published ?? NONE;
  }

  /** What is to be published and no more, since the last time; and for whom anything is different. */
  settle(): { put: Keyed[]; remove: string[]; changed: string[] } {
    const put: Keyed[] = [];
    const remove: string[] = [];
    const changed = [...this.#gone.keys()];
    for (const published of this.#gone.values()) remove.push(...published.keys());
    for (const name of this.#unsettled) {
      const holding = this.#holdings.get(name)!;
      const before = holding.published;
      const { published, lost } = this.#due(holding);
      for (const key of before.keys()) if (!published.has(key)) remove.push(key);
      for (const [key, publication] of published) put.push({ key, publication });
      holding.published = published;
      holding.lost = lost;
      changed.push(name);
    }
    this.#gone.clear();
    this.#unsettled.clear();
    return { put, remove, changed };
  }

  #due({ claimant, claims }: Holding) {
    const published = new Map<string, Publication>();
    const lost: Lost[] = [];
    const taken = new Set<string>();
    for (const { places, publication } of claims) {
      const won: Place[] = [];
      for (const place of places) {
        const holder = this.#elder(place.name, claimant) ?? this.#holder(place.name);
        if (holder.name !== claimant.name) lost.push({ place: place.name, holder: holder.name });
        else if (!taken.has(place.name)) won.push(place);
        taken.add(place.name);
      }
      if (won.length === 0 || publication === undefined) continue;
      const made = publication(won);
      published.set(routeKey(made.route), made);
    }
    return { published, lost };
  }

  /** The first that nothing beside the place keeps out; there is one. */
  #holder(place: string): Claimant {
    const wanting = this.#wanted.get(place)!;
    if (!this.#beside.has(place)) return wanting[0]!;
    return wanting.find((one) => this.#elder(place, one) === undefined)!;
  }

  /** The oldest of another namespace that is served beside the place, if it was there first. */
  #elder(place: string, claimant: Claimant): Claimant | undefined {
    let elder: Claimant | undefined;
    for (const one of this.#beside.get(place)?.values() ?? [])
      if (
        spaceOf(one) !== spaceOf(claimant) &&
        isBefore(one, claimant) &&
        (elder === undefined || isBefore(one, elder))
      )
        elder = one;
    return elder;
  }

  #want(place: string, claimant: Claimant): void {
    const wanting = this.#wanted.get(place) ?? [];
    const at = wanting.findIndex((other) => isBefore(claimant, other));
    if (at === 0 || this.#beside.has(place)) this.#unsettle(wanting);
    wanting.splice(at === -1 ? wanting.length : at, 0, claimant);
    this.#wanted.set(place, wanting);
  }

  #withdraw({ claimant, claims }: Holding): void {
    for (const place of placesOf(claims)) {
      const wanting = this.#wanted.get(place)!;
      const at = wanting.findIndex(({ name }) => name === claimant.name);
      wanting.splice(at, 1);
      if (wanting.length === 0) this.#wanted.delete(place);
      else if (at === 0 || this.#beside.has(place)) this.#unsettle(wanting);
    }
    for (const place of besideOf(claims)) {
      const there = this.#beside.get(place)!;
      there.delete(claimant.name);
      if (there.size === 0) this.#beside.delete(place);
      this.#unsettle(this.#wanted.get(place) ?? []);
    }
  }

  /** Who has the place is another now: all who want it have to hear. */
  #unsettle(wanting: readonly Claimant[]): void {
    for (const { name } of wanting) this.#unsettled.add(name);
  }
}
const NONE: ReadonlyMap<string, Publication> = new Map();

function placesOf(claims: readonly Claim[]): Set<string> {
  return new Set(claims.flatMap(({ places }) => places.map(({ name }) => name)));
}

function besideOf(claims: readonly Claim[]): Set<string> {
  return new Set(claims.flatMap(({ places }) => places.flatMap(({ beside }) => beside ?? [])));
}

function spaceOf({ name }: Claimant): string {
  return name.slice(0, name.indexOf("/"));
}

function isBefore(one: Claimant, other: Claimant): boolean {
  return one.age === other.age ? one.name < other.name : one.age < other.age;
}

/** Of the hosts that the route `id` names those that are another's, or that the operator keeps from it. */
export function lostHosts(hosts: HostOwners, id: string, claims: RouteOutcome["hosts"]): Lost[] {
  return [...claims].flatMap(([place, { namespaces }]) => {
    if (hosts.refuses(id, place)) return [{ place, holder: WILDCARDS }];
    const holder = hosts.otherThan(namespaces, place);
    return holder === undefined ? [] : [{ place, holder: holder.object }];
  });
}
