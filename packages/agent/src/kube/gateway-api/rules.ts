import { describe as problemsOf, Route, type Policy } from "@warren/wire";
import * as v from "valibot";
import { noBackends, readBackends } from "./backends.ts";
import type { BackendOwner, BackendsRead, RouteLookUps } from "./backends.ts";
import { durationMs } from "./duration.ts";
import { needsPrefix, readFilters, type Filters } from "./filters.ts";
import { grpcPlace, httpPlace, type MatchedPlace } from "./matches.ts";
import type { GrpcMatch, HttpMatch, RouteRule } from "./objects.ts";

/** Why a rule is not done as it stands: a condition's reason, and the text. */
export interface RuleProblem {
  readonly reason: "UnsupportedValue" | "IncompatibleFilters";
  readonly problem: string;
}

/** A rule in the words of a route. */
export interface RuleRead {
  /** What it matches, as far as that can be said on a route. */
  readonly places: readonly MatchedPlace[];
  readonly filters: Filters | undefined;
  readonly policy: Partial<Policy>;
  readonly backends: BackendsRead;
  /**
   * Undefined when all of the rule is done. A rule with places and a problem is answered with an
   * error: to go on without a filter could let somebody in.
   */
  readonly problem: RuleProblem | undefined;
}

/** `rule` as the API server has it; a rule without matches matches everything. */
export function readRule(
  rule: RouteRule,
  owner: BackendOwner & { kind: "HTTPRoute" | "GRPCRoute" },
  look: RouteLookUps,
): RuleRead {
  const backends = readBackends(rule.backendRefs, owner, look);
  const matches = rule.matches?.length ? rule.matches : [{}];
  const reads = matches.map((match) =>
    owner.kind === "GRPCRoute" ? grpcPlace(match as GrpcMatch) : httpPlace(match as HttpMatch),
  );
  const strange = reads.find((read) => "unsupported" in read);
  const places = reads.filter((read) => "path" in read);
  const filters = readFilters(rule.filters, owner);
  const times = readTimeouts(rule.timeouts);
  const problem =
    (strange && unsupported(`Warren has no ${strange.unsupported}`)) ??
    ("problem" in filters ? filters : undefined) ??
    ("unsupported" in times ? unsupported(times.unsupported) : undefined) ??
    unreadable(places, "filters" in filters ? filters.filters : undefined) ??
    withoutPrefix(places, "filters" in filters ? filters.filters : undefined) ??
    beyond(rule);
  if (problem !== undefined) {
    const { problems } = backends;
    const answered = { ...noBackends(owner), problems };
    return { places, filters: undefined, policy: {}, backends: answered, problem };
  }
  return {
    places,
    filters: "filters" in filters ? filters.filters : undefined,
    policy: "policy" in times ? times.policy : {},
    backends,
    problem: undefined,
  };
}

function unsupported(problem: string): RuleProblem {
  return { reason: "UnsupportedValue", problem };
}

/** What a gateway would refuse: fields of the connection, paths that are no paths. */
function unreadable(
  places: readonly MatchedPlace[],
  filters: Filters | undefined,
): RuleProblem | undefined {
  for (const { path, match } of places) {
    const route = { host: "any.invalid", service: "any", port: 1, path, match };
    const read = v.safeParse(Route, filters === undefined ? route : { ...route, filters });
    if (!read.success) return unsupported(problemsOf(read.issues));
  }
  return undefined;
}

/** ReplacePrefixMatch goes with PathPrefix matches alone (HTTPPathModifier). */
function withoutPrefix(
  places: readonly MatchedPlace[],
  filters: Filters | undefined,
): RuleProblem | undefined {
  const impossible = needsPrefix(filters) && places.some(({ pathType }) => pathType === "Exact");
  return impossible ? unsupported("ReplacePrefixMatch needs a PathPrefix match") : undefined;
}

/** What else a rule may ask for that no gateway of Warren's does. */
function beyond({
  retry,
  sessionPersistence,
  backendRefs = [],
}: RouteRule): RuleProblem | undefined {
  if (retry !== undefined && retry.attempts !== 0)
    return unsupported("Warren has no retries of its own");
  if (sessionPersistence !== undefined)
    return unsupported(
      "Warren has no sessionPersistence: annotate the route with warren.dev/affinity",
    );
  return backendRefs.some(({ filters = [] }) => filters.length > 0)
    ? unsupported("Warren has no filters of a single backendRef")
    : undefined;
}

/**
 * A request is sent to one backend once, so that both times are one: the shorter. The time to the
 * answer's head, which gateways limit too, follows it. `0s` is no limit.
 */
function readTimeouts(
  timeouts: RouteRule["timeouts"],
): { policy: Partial<Policy> } | { unsupported: string } {
  const given = [timeouts?.request, timeouts?.backendRequest].filter((one) => one !== undefined);
  if (given.length === 0) return { policy: {} };
  const limits = given.map(durationMs);
  const strange = given[limits.indexOf(undefined)];
  if (strange !== undefined) return { unsupported: `a timeout of ${strange}` };
  const set = limits.filter((ms): ms is number => ms !== undefined && ms > 0);
  const most = set.length === 0 ? 0 : Math.min(...set);
  return { policy: { request_timeout_ms: most, head_timeout_ms: most } };
}
