import { keepsAllOut, type Route } from "@warren/wire";
import type { Matched, RouteAnswer, RouteEntry, RouteQuestion } from "../ports.ts";
import { RouteFilters } from "../filters/route-filters.ts";
import { bySpecificity, conditionsOf, isMet, type Conditions } from "./conditions.ts";
import { bySeniority, oneOfEach } from "./seniority.ts";

/** All entries with one match, ready as the answer that every request shares. */
interface Candidate {
  readonly conditions: Conditions | undefined;
  readonly answer: { found: Matched };
}

/** What one path of one host leads to: entries of all clusters, grouped by their match. */
export class PathSlot {
  readonly #host: string;
  #entries: readonly RouteEntry[] = [];
  #candidates: readonly Candidate[] = [];

  constructor(host: string) {
    this.#host = host;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }
  /** Some entry lets somebody in. */
  get isOpen(): boolean {
    return this.#entries.some(({ route }) => !keepsAllOut(route.policy));
  }
  get entries(): readonly RouteEntry[] {
    return this.#entries;
  }

  /** Adds an entry after the others, or puts it in place of the same cluster's entry of that key. */
  put(entry: RouteEntry): void {
    const at = this.#entries.findIndex((one) => isSame(one, entry));
    this.#rebuild(at === -1 ? [...this.#entries, entry] : this.#entries.with(at, entry));
  }

  remove(entry: RouteEntry): void {
    this.#rebuild(this.#entries.filter((one) => !isSame(one, entry)));
  }

  /** The answer of the most specific match that the request meets. */
  find(question: RouteQuestion): { found: Matched } | undefined {
    for (const { conditions, answer } of this.#candidates) {
      if (conditions === undefined || isMet(conditions, question)) return answer;
    }
    return undefined;
  }

  /** The answer where there is no request to ask: a connection. */
  first(): RouteAnswer | undefined {
    return this.#candidates[0]?.answer;
  }

  #rebuild(entries: readonly RouteEntry[]): void {
    this.#entries = entries;
    const groups = Map.groupBy(entries, ({ route }) => nameOf(route));
    this.#candidates = [...groups.values()]
      .map((group) => candidate(this.#host, group))
      .toSorted(byPrecedence);
  }
}

function candidate(host: string, group: readonly RouteEntry[]): Candidate {
  const entries = oneOfEach(group);
  const { route } = entries[0]!;
  const found = { entries, host, policy: route.policy, filters: RouteFilters.of(route) };
  return { conditions: conditionsOf(route.match), answer: { found } };
}

function byPrecedence(a: Candidate, b: Candidate): number {
  return (
    byPathType(a, b) ||
    bySpecificity(a.conditions, b.conditions) ||
    bySeniority(eldestOf(a.answer.found.entries), eldestOf(b.answer.found.entries))
  );
}

/** A controller's ImplementationSpecific path comes after a Prefix of the same length. */
function byPathType(a: Candidate, b: Candidate): number {
  return Number(isSpecific(a)) - Number(isSpecific(b));
}

function isSpecific({ answer }: Candidate): boolean {
  return answer.found.entries[0]!.route.path_type === "ImplementationSpecific";
}

function eldestOf(entries: readonly RouteEntry[]): RouteEntry {
  return entries.reduce((eldest, entry) => (bySeniority(entry, eldest) < 0 ? entry : eldest));
}

function isSame(a: RouteEntry, b: RouteEntry): boolean {
  return a.clusterUuid === b.clusterUuid && a.key === b.key;
}

function nameOf({ match: { method, headers, query, scheme }, path_type }: Route): string {
  return JSON.stringify([method, headers, query, scheme, path_type]);
}
