import type { Match } from "@warren/wire";
import type { Matched, RouteAnswer, RouteEntry, RouteQuestion } from "../ports.ts";
import { bySpecificity, conditionsOf, isMet, type Conditions } from "./conditions.ts";

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
    const groups = Map.groupBy(entries, (entry) => nameOf(entry.route.match));
    this.#candidates = [...groups.values()]
      .map((group) => candidate(this.#host, group))
      .toSorted((a, b) => bySpecificity(a.conditions, b.conditions));
  }
}

function candidate(host: string, entries: readonly RouteEntry[]): Candidate {
  const { match, policy } = entries[0]!.route;
  return { conditions: conditionsOf(match), answer: { found: { entries, host, policy } } };
}

function isSame(a: RouteEntry, b: RouteEntry): boolean {
  return a.clusterUuid === b.clusterUuid && a.key === b.key;
}

function nameOf({ method, headers, query, scheme }: Match): string {
  return JSON.stringify([method, headers, query, scheme]);
}
