import { isDeepStrictEqual } from "node:util";
import { routeKey } from "@warren/wire";
import type { Publication } from "../../published.ts";
import { placeKey } from "./places.ts";
import { isShut } from "./shut.ts";

/** An Ingress wants a place. */
export interface Claim {
  /** Of the Ingress. */
  readonly owner: string;
  readonly place: string;
  /** Epoch milliseconds of the Ingress's creation. */
  readonly age: number;
  /** `routeKey` of the publication. */
  readonly key: string;
  readonly publication: Publication;
}

/** What to publish and to take back, and whose claims that is about. */
export interface ClaimsChange {
  readonly put: readonly Publication[];
  readonly remove: readonly string[];
  /** Ingresses that got a place or lost one. */
  readonly moved: ReadonlySet<string>;
}

/**
 * Who has which place. The oldest claim has it, by creation, then by name, whatever the order in which
 * they came: agents that see the same cluster decide alike. Invariants:
 *
 * C1. What `take` has given so far, applied in order, is exactly the first claim of each place.
 * C2. A change costs what it touches: places that are claimed otherwise now, and the claims on these.
 */
export class Claims {
  readonly #byOwner = new Map<string, ReadonlyMap<string, Claim>>();
  /** In order: the first has the place. */
  readonly #byPlace = new Map<string, Claim[]>();
  readonly #given = new Map<string, Claim>();
  readonly #touched = new Set<string>();

  /** Places that somebody has. */
  get size(): number {
    return this.#given.size;
  }

  /** Of these, places that are shut. */
  get shut(): number {
    let count = 0;
    for (const { publication } of this.#given.values()) if (isShut(publication.route)) count++;
    return count;
  }

  /** The Ingress `owner` claims exactly these from now on. */
  set(owner: string, publications: readonly Publication[]): void {
    const before = this.#byOwner.get(owner);
    const after = new Map<string, Claim>();
    for (const publication of publications) {
      const claim = claimOf(owner, publication);
      const was = before?.get(claim.place);
      after.set(claim.place, was !== undefined && isSame(was, claim) ? was : claim);
    }
    for (const claim of before?.values() ?? [])
      if (after.get(claim.place) !== claim) this.#drop(claim);
    for (const claim of after.values()) if (before?.get(claim.place) !== claim) this.#insert(claim);
    if (after.size > 0) this.#byOwner.set(owner, after);
    else this.#byOwner.delete(owner);
  }

  /** The claims of an Ingress, and who has each place. */
  *of(owner: string): IterableIterator<{ claim: Claim; winner: Claim }> {
    for (const claim of this.#byOwner.get(owner)?.values() ?? [])
      yield { claim, winner: this.#byPlace.get(claim.place)![0]! };
  }

  /** The claims by which an Ingress has places. */
  wonBy(owner: string): Claim[] {
    return [...this.of(owner)].flatMap(({ claim, winner }) => (claim === winner ? [claim] : []));
  }

  /** What changed since it was asked last. */
  take(): ClaimsChange {
    const put: Publication[] = [];
    const remove: string[] = [];
    const moved = new Set<string>();
    for (const place of this.#touched) {
      const before = this.#given.get(place);
      const after = this.#byPlace.get(place)?.[0];
      if (before === after) continue;
      if (before !== undefined && before.key !== after?.key) remove.push(before.key);
      if (after === undefined) this.#given.delete(place);
      else {
        this.#given.set(place, after);
        put.push(after.publication);
      }
      if (before?.owner !== after?.owner) this.#tellAll(place, before, moved);
    }
    this.#touched.clear();
    return { put, remove, moved };
  }

  /** Something else stands in the way of what `take` gave: it is given again with the next change. */
  refuse(key: string, owner: string): void {
    for (const { claim } of this.of(owner))
      if (claim.key === key && this.#given.get(claim.place) === claim) {
        this.#given.delete(claim.place);
        this.#touched.add(claim.place);
      }
  }

  #insert(claim: Claim): void {
    const claims = this.#byPlace.get(claim.place);
    this.#touched.add(claim.place);
    if (claims === undefined) return void this.#byPlace.set(claim.place, [claim]);
    const at = claims.findIndex((one) => comesBefore(claim, one));
    claims.splice(at === -1 ? claims.length : at, 0, claim);
  }

  #drop(claim: Claim): void {
    const claims = this.#byPlace.get(claim.place)!;
    this.#touched.add(claim.place);
    claims.splice(claims.indexOf(claim), 1);
    if (claims.length === 0) this.#byPlace.delete(claim.place);
  }

  /** All who wait for a place hear who has it now. */
  #tellAll(place: string, before: Claim | undefined, moved: Set<string>): void {
    if (before !== undefined) moved.add(before.owner);
    for (const { owner } of this.#byPlace.get(place) ?? []) moved.add(owner);
  }
}

function claimOf(owner: string, publication: Publication): Claim {
  const { route } = publication;
  const { host, path, path_type: pathType } = route;
  // What is shut gives way to whoever publishes the very place, however young.
  const age = isShut(route) ? Infinity : (route.age ?? 0);
  const place = placeKey({ host, path, pathType });
  return { owner, place, age, key: routeKey(route), publication };
}

function isSame(one: Claim, other: Claim): boolean {
  return (
    one.key === other.key &&
    isDeepStrictEqual(one.publication.route, other.publication.route) &&
    isSameWay(one.publication, other.publication)
  );
}

function isSameWay({ targets }: Publication, other: Publication): boolean {
  return targets.every(({ key, endpoints }, at) => {
    const now = other.targets[at];
    const isSame = endpoints?.isLike(now?.endpoints) ?? now?.endpoints === undefined;
    return isSame && key === now?.key;
  });
}

function comesBefore(one: Claim, other: Claim): boolean {
  return one.age === other.age ? one.owner < other.owner : one.age < other.age;
}
