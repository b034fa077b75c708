import { splitTarget } from "@warren/http";
import type { Match } from "@warren/wire";
import type { RouteQuestion } from "../ports.ts";

/** What a route asks of a request beyond host and path. */
export interface Conditions {
  readonly method: string | undefined;
  readonly headers: readonly NamedValue[];
  readonly query: readonly NamedValue[];
  readonly scheme: "http" | "https" | undefined;
}
interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** Undefined when the route asks for nothing more. */
export function conditionsOf(match: Match): Conditions | undefined {
  const { method, query, scheme } = match;
  const plain = method === undefined && scheme === undefined;
  if (plain && match.headers.length === 0 && query.length === 0) return undefined;
  const headers = match.headers.map(({ name, value }) => ({ name: name.toLowerCase(), value }));
  return { method, headers, query, scheme };
}

/**
 * Sorts the more specific first (Gateway API, HTTPRouteMatch): a method, then more headers, then
 * more query parameters; one of a single listener before one of all; nothing asked comes last.
 */
export function bySpecificity(a: Conditions | undefined, b: Conditions | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const method = Number(b.method !== undefined) - Number(a.method !== undefined);
  const scheme = Number(b.scheme !== undefined) - Number(a.scheme !== undefined);
  return method || b.headers.length - a.headers.length || b.query.length - a.query.length || scheme;
}

export function isMet(conditions: Conditions, question: RouteQuestion): boolean {
  if (conditions.method !== undefined && conditions.method !== question.method) return false;
  if (conditions.scheme !== undefined && (conditions.scheme === "https") !== question.secure)
    return false;
  for (const { name, value } of conditions.headers) {
    if (question.field(name) !== value) return false;
  }
  return conditions.query.length === 0 || isQueryMet(conditions.query, question.target);
}

function isQueryMet(wanted: readonly NamedValue[], target: string): boolean {
  const said = queryOf(target);
  return wanted.every(({ name, value }) => said.get(name) === value);
}

interface Query {
  readonly target: string;
  readonly said: ReadonlyMap<string, string>;
}

/** That of the request at hand: a thousand routes of a path may ask it for theirs. */
let read: Query = { target: "", said: new Map() };

/** The first value of a repeated parameter counts (Gateway API, HTTPQueryParamMatch). */
function queryOf(target: string): Query["said"] {
  if (read.target === target) return read.said;
  const said = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(splitTarget(target).query))
    if (!said.has(name)) said.set(name, value);
  read = { target, said };
  return said;
}
