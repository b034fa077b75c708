import { routeKey, type Route } from "@warren/wire";
import { CONFIGURATION } from "../host-owners.ts";
import { claimantOf } from "../ingress/host-claims.ts";
import { INGRESS_SOURCE } from "../ingress/ingress-controller.ts";
import type { Published } from "../../published.ts";
import type { Claim } from "./outcome.ts";
import { placesOf } from "./place-names.ts";

/** What others than Gateway API's objects publish, as claims on the same places. */
export interface Rival {
  /** `namespace/name Ingress`. */
  readonly name: string;
  readonly age: number;
  readonly claims: readonly Claim[];
}

/**
 * The routes in the table of publications that other sources have put there. Of Ingresses only those
 * are in it that have their place among Ingresses, so that an older one is never missed.
 */
export class Rivals {
  readonly #published: Pick<Published, "get">;
  readonly #source: string;
  /** By name, then by route key. */
  readonly #routes = new Map<string, Map<string, Route>>();
  readonly #names = new Map<string, string>();

  /** `source` is the one that is not a rival. */
  constructor(published: Pick<Published, "get">, source: string) {
    this.#published = published;
    this.#source = source;
  }

  /** What changed in the table; gives those whose claims are others now. */
  take(put: Iterable<Route>, deleted: Iterable<Route>): Rival[] {
    const changed = new Set<string>();
    for (const route of deleted) {
      const key = routeKey(route);
      const name = this.#names.get(key);
      if (name === undefined) continue;
      this.#names.delete(key);
      this.#routes.get(name)?.delete(key);
      changed.add(name);
    }
    for (const route of put) {
      const name = this.#nameOf(route);
      if (name === undefined) continue;
      const key = routeKey(route);
      const routes = this.#routes.get(name) ?? new Map<string, Route>();
      this.#routes.set(name, routes.set(key, route));
      this.#names.set(key, name);
      changed.add(name);
    }
    return [...changed].map((name) => this.#rival(name));
  }

  #nameOf(route: Route): string | undefined {
    const source = this.#published.get(routeKey(route))?.source;
    if (source === undefined || source === this.#source) return undefined;
    return source === INGRESS_SOURCE
      ? claimantOf(`${route.namespace}/${route.ingress_name}`)
      : CONFIGURATION;
  }

  #rival(name: string): Rival {
    const routes = [...(this.#routes.get(name)?.values() ?? [])];
    if (routes.length === 0) this.#routes.delete(name);
    const age = name === CONFIGURATION ? 0 : (routes[0]?.age ?? 0);
    const claims = routes.map((route) => ({
      host: route.host,
      places: placesOf(route),
      problem: undefined,
      publication: undefined,
    }));
    return { name, age, claims };
  }
}
