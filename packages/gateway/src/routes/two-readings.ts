import { backendsOf, type Policy } from "@warren/wire";
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

function termsOf(matched: Matched): Terms {
  let terms = known.get(matched);
  if (terms === undefined) known.set(matched, (terms = read(matched)));
  return terms;
}

function read({ entries, policy }: Matched): Terms {
  const way = entries.map(({ clusterUuid, route }) => [clusterUuid, backendsOf(route)]);
  const guards = [...guardsOf(policy), entries[0]?.route.filters];
  return { guards: JSON.stringify(guards), way: JSON.stringify(way) };
}

/** All of a policy that keeps something out. */
function guardsOf(policy: Policy): unknown[] {
  const { allow, deny, basic_auth, rate, client_rate } = policy;
  const { max_body_bytes, strip_headers, redirect_https } = policy;
  const limits = [rate, client_rate, max_body_bytes];
  return [allow, deny, basic_auth, ...limits, strip_headers, redirect_https];
}
