import type { Clock, Random } from "@warren/tunnel";
import { CODES, routeKey, type IngressRoutesAck, type Route } from "@warren/wire";
import type { Published } from "../published.ts";
import { ACCEPTED, type Verdict } from "../verdicts.ts";

export type Rejection = IngressRoutesAck["rejected"][number];

export interface RefusedRoutesOptions {
  published: Published;
  clock: Clock;
  random: Random;
  /** Stands for the gateway in what is published of its verdicts. */
  gateway: object;
  /** Whether anything may be said to the gateway now. */
  mayAsk: () => boolean;
  /** A gateway that is told snapshots alone is not asked about a few routes. */
  isToldAll: () => boolean;
  /** Says such a snapshot. */
  sayAll: () => void;
  /** Says these routes; returns the id of the request whose answer comes to `judge`. */
  ask: (routes: readonly Route[]) => string;
  /** `isNamed`: to be told by name; of very many at once only the first are. */
  rejected: (rejection: Rejection, isNamed: boolean) => void;
}

/** What was said, and waits for its answer no more. */
export interface Answered {
  isDelete: boolean;
  routes: readonly Route[];
}

const RETRY_FIRST_MS = 2_000;
export const RETRY_CAP_MS = 60_000;
/** For refusals that only a person can lift, such as a host that another cluster holds. */
const REFUSED_CAP_MS = 300_000;
/** Refusals that one answer names, and so routes that are asked about at once. */
const MOST_ASKED = 500;
/** Refused routes that are told by name after a snapshot. */
const MOST_NAMED = 50;
/** Offers of very many refused routes are gathered for so long. */
const GATHER_MS = 5_000;

/** A route that the gateway refused, and when it is offered again. */
interface Refused {
  attempts: number;
  dueAt: number;
}

/**
 * What one gateway makes of the routes that it is told: it takes an answer apart, and offers again what was
 * refused, key by key and ever more slowly, until it is taken, changed or withdrawn (G-136). Invariants:
 *
 * R1. A key is offered again only when it is due; a change of that key ends it.
 * R2. Of very many refusals a gateway names the first. Routes that were neither named nor, by their number,
 *     taken are asked about again in pieces that an answer can name, one piece at a time.
 */
export class RefusedRoutes {
  readonly #options: RefusedRoutesOptions;
  readonly #refused = new Map<string, Refused>();
  /** Keys that are to be said again, in pieces (R2), and the piece that waits for its answer. */
  readonly #toAsk = new Set<string>();
  #asking: string | undefined;
  #named = 0;
  #cancelOffer: (() => void) | undefined;

  constructor(options: RefusedRoutesOptions) {
    this.#options = options;
  }

  /** Takes the gateway's answer to `said` as its verdict on each route in it. */
  judge({ isDelete, routes }: Answered, { accepted, rejected }: IngressRoutesAck): void {
    const refused = rejected.length === 0 ? undefined : byPlace(rejected);
    const allNamed = accepted + rejected.length >= routes.length;
    const unnamed: Route[] = [];
    for (const route of routes) {
      const rejection = refused?.get(`${route.host} ${route.path}`);
      if (rejection !== undefined) this.#refuse(route, rejection);
      else if (allNamed) this.#accept(isDelete, route);
      else unnamed.push(route);
    }
    if (!isDelete && refused !== undefined) this.#wonder(unnamed, accepted);
    if (refused !== undefined) this.#offerLater();
    this.#askNext();
  }

  /** The request has its answer, whatever it is. */
  answered(requestId: string): void {
    if (requestId === this.#asking) this.#asking = undefined;
  }

  /** The route changed, was taken or is gone: it is not offered again. */
  forget(key: string): void {
    this.#refused.delete(key);
    this.#toAsk.delete(key);
  }

  /** A snapshot follows, which says everything and is answered anew. */
  beginSnapshot(): void {
    this.pause();
    this.#named = 0;
  }

  /** What was asked waits in vain; what is refused is offered again later. */
  pause(): void {
    this.#toAsk.clear();
    this.#asking = undefined;
    const dueAt = this.#options.clock.now() + RETRY_FIRST_MS;
    for (const refused of this.#refused.values())
      if (refused.dueAt === Infinity) refused.dueAt = dueAt;
  }

  /** Nothing is offered any more. */
  clear(): void {
    this.#cancelOffer?.();
    this.#refused.clear();
    this.pause();
  }

  #accept(isDelete: boolean, route: Route): void {
    this.forget(routeKey(route));
    if (!isDelete) this.say(route, ACCEPTED);
  }

  #refuse(route: Route, rejection: Rejection): void {
    const { clock, random, rejected } = this.#options;
    const { code, message } = rejection;
    const key = routeKey(route);
    const attempts = (this.#refused.get(key)?.attempts ?? 0) + 1;
    rejected(rejection, attempts === 1 && this.#named++ < MOST_NAMED);
    const capMs = CODES[code].retry ? RETRY_CAP_MS : REFUSED_CAP_MS;
    this.#refused.set(key, { attempts, dueAt: clock.now() + retryPause(random, attempts, capMs) });
    this.say(route, { refused: code, message: message ?? code });
  }

  /** A route that was changed or withdrawn since has its answer still to come. */
  say(route: Route, verdict: Verdict): void {
    const { gateway, published } = this.#options;
    const key = routeKey(route);
    if (published.get(key)?.route === route) published.verdicts.say(gateway, key, verdict);
  }

  /** Routes of which an answer named no refusal, and of which `accepted` were taken (R2). */
  #wonder(unnamed: readonly Route[], accepted: number): void {
    const { gateway, published, isToldAll } = this.#options;
    if (isToldAll()) return;
    const { verdicts } = published;
    const unknown = unnamed.filter((route) => !this.#refused.has(routeKey(route)));
    const taken = unknown.filter((route) => verdicts.accepts(gateway, routeKey(route))).length;
    if (unknown.length === taken && taken === accepted) return;
    for (const route of unknown) this.#toAsk.add(routeKey(route));
  }

  #askNext(): void {
    const { ask, isToldAll, mayAsk, published } = this.#options;
    if (isToldAll()) this.#toAsk.clear();
    if (this.#toAsk.size === 0 || this.#asking !== undefined || !mayAsk()) return;
    const routes: Route[] = [];
    for (const key of this.#toAsk) {
      if (routes.length >= MOST_ASKED) break;
      this.#toAsk.delete(key);
      const entry = published.get(key);
      if (entry === undefined) this.#refused.delete(key);
      else routes.push(entry.route);
    }
    if (routes.length === 0) return this.#askNext();
    this.#asking = ask(routes);
  }

  /** Refused routes are said again when they are due; by the next snapshot, when the tunnel is down. */
  #offerLater(): void {
    this.#cancelOffer?.();
    const { clock, isToldAll, mayAsk, sayAll } = this.#options;
    let first = Infinity;
    for (const { dueAt } of this.#refused.values()) first = Math.min(first, dueAt);
    if (first === Infinity) return;
    const gatherMs = Math.min(GATHER_MS, this.#refused.size - 1);
    this.#cancelOffer = clock.after(Math.max(first - clock.now(), gatherMs), () => {
      let isDue = false;
      for (const [key, refused] of this.#refused) {
        if (refused.dueAt > clock.now()) continue;
        isDue = true;
        // Until it is answered, which says when it is due again.
        refused.dueAt = Infinity;
        this.#toAsk.add(key);
      }
      if (isDue && isToldAll() && mayAsk()) sayAll();
      else this.#askNext();
      this.#offerLater();
    });
  }
}

/** Half of the bound is waited in any case: what was refused seldom changes at once. */
export function retryPause(random: Random, attempts: number, capMs: number): number {
  const bound = Math.min(capMs, RETRY_FIRST_MS * 2 ** Math.min(attempts - 1, 20));
  return bound / 2 + (random() * bound) / 2;
}

/** A gateway names what it refuses by host and path. */
function byPlace(rejected: readonly Rejection[]): Map<string, Rejection> {
  return new Map(rejected.map((one) => [`${one.host} ${one.path}`, one]));
}
