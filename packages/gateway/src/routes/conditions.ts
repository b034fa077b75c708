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

/** The first value of a repeated parameter counts (Gateway API, HTTPQueryParamMatch). */
function isQueryMet(wanted: readonly NamedValue[], target: string): boolean {
  const mark = target.indexOf("?");
  const said = new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1));
  return wanted.every(({ name, value }) => said.get(name) === value);
}
