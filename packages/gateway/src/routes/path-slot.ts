import { keepsAllOut } from "@warren/wire";
import type { Matched, RouteAnswer, RouteEntry, RouteQuestion } from "../ports.ts";
import { RouteFilters } from "../filters/route-filters.ts";
import { bySpecificity, conditionsOf, isMet, type Conditions } from "./conditions.ts";
import { bySeniority, oneOfEach } from "./seniority.ts";

/** All entries with one match, ready as the answer that every request shares. */
interface Candidate {
  readonly group: readonly RouteEntry[];
  readonly eldest: RouteEntry;
  readonly conditions: Conditions | undefined;
  readonly answer: { found: Matched };
}

/** What one path of one host leads to: entries of all clusters, grouped by their match. */
export class PathSlot {
  readonly #host: string;
  /** By cluster and key, in the order in which they came. */
  readonly #entries = new Map<string, RouteEntry>();
  /** Entries that let somebody in. */
  #open = 0;
  /** By match, as of the last time that somebody asked. */
  #groups = new Map<string, Candidate>();
  /** Undefined until somebody asks: of a thousand that come at once each would have all sorted anew. */
  #candidates: readonly Candidate[] | undefined;

  constructor(host: string) {
    this.#host = host;
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }
  /** Some entry lets somebody in. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** Adds an entry after the others, or puts it in place of the same cluster's entry of that key. */
  put(entry: RouteEntry): void {
    const name = nameOf(entry);
    this.#count(this.#entries.get(name), -1);
    this.#entries.set(name, entry);
    this.#count(entry, 1);
    this.#candidates = undefined;
  }

  remove(entry: RouteEntry): void {
    const name = nameOf(entry);
    this.#count(this.#entries.get(name), -1);
    if (this.#entries.delete(name)) this.#candidates = undefined;
  }

  /** The answer of the most specific match that the request meets. */
  find(question: RouteQuestion): { found: Matched } | undefined {
    for (const { conditions, answer } of this.#sorted()) {
      if (conditions === undefined || isMet(conditions, question)) return answer;
    }
    return undefined;
  }

  /** The answer where there is no request to ask: a connection. */
  first(): RouteAnswer | undefined {
    return this.#sorted()[0]?.answer;
  }

  #sorted(): readonly Candidate[] {
    if (this.#candidates !== undefined) return this.#candidates;
    const groups = new Map<string, Candidate>();
    for (const [match, group] of Map.groupBy(this.#entries.values(), matchOf)) {
      const known = this.#groups.get(match);
      const stands = known !== undefined && isSame(known.group, group);
      groups.set(match, stands ? known : candidate(this.#host, group));
    }
    this.#groups = groups;
    return (this.#candidates = [...groups.values()].sort(byPrecedence));
  }

  #count(entry: RouteEntry | undefined, by: 1 | -1): void {
    if (entry !== undefined && !keepsAllOut(entry.route.policy)) this.#open += by;
  }
}

function candidate(host: string, group: readonly RouteEntry[]): Candidate {
  const entries = oneOfEach(group);
  const { route } = entries[0]!;
  const found = { entries, host, policy: route.policy, filters: RouteFilters.of(route) };
  const eldest = entries.reduce((one, other) => (bySeniority(other, one) < 0 ? other : one));
  return { group, eldest, conditions: conditionsOf(route.match), answer: { found } };
}

function byPrecedence(a: Candidate, b: Candidate): number {
  return (
    byPathType(a, b) || bySpecificity(a.conditions, b.conditions) || bySeniority(a.eldest, b.eldest)
  );
}

/** A controller's ImplementationSpecific path comes after a Prefix of the same length. */
function byPathType(a: Candidate, b: Candidate): number {
  return Number(isSpecific(a)) - Number(isSpecific(b));
}

function isSpecific({ answer }: Candidate): boolean {
  return answer.found.entries[0]!.route.path_type === "ImplementationSpecific";
}

function isSame(a: readonly RouteEntry[], b: readonly RouteEntry[]): boolean {
  return a.length === b.length && a.every((entry, at) => entry === b[at]);
}

function nameOf({ clusterUuid, key }: RouteEntry): string {
  return `${clusterUuid} ${key}`;
}

const matches = new WeakMap<RouteEntry, string>();

function matchOf(entry: RouteEntry): string {
  const known = matches.get(entry);
  if (known !== undefined) return known;
  const { match, path_type } = entry.route;
  const { method, headers, query, scheme } = match;
  const text = JSON.stringify([method, headers, query, scheme, path_type]);
  matches.set(entry, text);
  return text;
}
