import { backendsOf, Policy, type Route } from "@warren/wire";
import * as v from "valibot";
import type { Matched } from "../ports.ts";

/** What a route lets in, and where to, as texts to compare. */
interface Terms {
  readonly guards: string;
  readonly way: string;
}

/** By found object: a table keeps its own for as long as its routes stand. */
const known = new WeakMap<Matched, Terms>();

/**
 * True when it matters which of two routes a path belongs to: one lets somebody in whom the other
 * would not, or they lead to different services, of which one may guard the other. A route that takes
 * raw paths answers for its service, but not for another route's guards.
 */
export function isContested(one: Matched, other: Matched): boolean {
  if (one === other) return false;
  const [a, b] = [termsOf(one), termsOf(other)];
  return a.guards !== b.guards || (a.way !== b.way && !one.policy.raw_path);
}

export function isSameGuard(one: Matched, other: Matched): boolean {
  return one === other || termsOf(one).guards === termsOf(other).guards;
}

export function isUnguarded(one: Matched): boolean {
  return termsOf(one).guards === UNGUARDED;
}

/** What keeps somebody or something out, as a text to compare. */
export function guardsTextOf(route: Route): string {
  return JSON.stringify([...guardsOf(route.policy), route.filters]);
}

function termsOf(matched: Matched): Terms {
  let terms = known.get(matched);
  if (terms === undefined) known.set(matched, (terms = read(matched)));
  return terms;
}

function read({ entries }: Matched): Terms {
  const way = entries.map(({ clusterUuid, route }) => [clusterUuid, backendsOf(route)]);
  return { guards: guardsTextOf(entries[0]!.route), way: JSON.stringify(way) };
}

/** The guards of a route that has none. */
export const UNGUARDED = JSON.stringify([...guardsOf(v.parse(Policy, {})), undefined]);

/** All of a policy that keeps something out. */
function guardsOf(policy: Policy): unknown[] {
  const { allow, deny, basic_auth, rate, client_rate } = policy;
  const { max_body_bytes, strip_headers, redirect_https } = policy;
  const limits = [rate, client_rate, max_body_bytes];
  return [allow, deny, basic_auth, ...limits, strip_headers, redirect_https];
}
