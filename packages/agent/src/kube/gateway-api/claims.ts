import { describe as problemsOf, Route } from "@warren/wire";
import type { Match, Policy, RouteInput } from "@warren/wire";
import * as v from "valibot";
import { NOWHERE } from "./backends.ts";
import { hostPattern } from "./hostnames.ts";
import type { ListenerKind } from "./listeners.ts";
import type { MatchedPlace } from "./matches.ts";
import { httpPlaces, tcpPlace, tlsPlace } from "./place-names.ts";
import { MOST_PLACES } from "../ingress/places.ts";
import { namespaceOf, type RouteKind, type RouteObject } from "./objects.ts";
import type { Claim, Place } from "./outcome.ts";
import type { RuleRead } from "./rules.ts";

/** Where a route's requests come in: hosts by the kinds of their listeners, and public ports. */
export interface Entrances {
  readonly hosts: Map<string, Set<ListenerKind>>;
  /** By host: the namespaces of the Gateways that let it in there. */
  readonly namespaces: Map<string, Set<string>>;
  readonly ports: Set<number>;
}

export interface Claiming {
  readonly kind: RouteKind;
  readonly route: RouteObject;
  readonly rules: readonly RuleRead[];
  readonly entrances: Entrances;
  /** What annotations ask for; a rule's own fields come before it. */
  readonly policy: Partial<Policy>;
}

const SCHEMES = ["http", "https"] as const;

/** What a route claims, and whether that is less than it asks for: as an Ingress it has so many places. */
export interface Claims {
  readonly claims: readonly Claim[];
  readonly isCut: boolean;
}

export function claimsOf(given: Claiming): Claims {
  const isHttp = given.kind === "HTTPRoute" || given.kind === "GRPCRoute";
  const claims: Claim[] = [];
  for (const claim of isHttp ? httpClaims(given) : rawClaims(given)) {
    if (claims.length === MOST_PLACES) return { claims, isCut: true };
    claims.push(claim);
  }
  return { claims, isCut: false };
}

/** A claim for each host and match, the rules in their order: of two alike the first serves. */
function* httpClaims(given: Claiming): Generator<Claim> {
  // What is led to https has to be found in the clear first.
  const redirects = given.policy.redirect_https === true;
  for (const rule of given.rules)
    for (const at of rule.places)
      for (const [host, kinds] of given.entrances.hosts) {
        const schemes = SCHEMES.filter(
          (scheme) => kinds.has(scheme) || (kinds.has("https") && redirects),
        );
        if (schemes.length > 0) yield httpClaim({ ...given, rule, at, host, schemes });
      }
}

interface HttpClaiming extends Claiming {
  rule: RuleRead;
  at: MatchedPlace;
  host: string;
  schemes: readonly ("http" | "https")[];
}

function httpClaim({ kind, route, policy, rule, at, host, schemes }: HttpClaiming): Claim {
  const asked = { host: hostPattern(host), path: at.path, path_type: at.pathType, match: at.match };
  const made = parsed({
    ...common(kind, route, rule),
    ...asked,
    policy: { ...policy, ...rule.policy },
    ...(rule.filters === undefined ? {} : { filters: rule.filters }),
  });
  const places = httpPlaces(asked, schemes);
  if (typeof made === "string")
    return { host: asked.host, places, problem: made, publication: undefined };
  const { targets } = rule.backends;
  return {
    host: asked.host,
    places,
    problem: undefined,
    publication: (won) => ({ route: forSchemes(made, won), targets }),
  };
}

/**
 * A route of one listener serves that listener's requests alone. What is served in the clear is not
 * led to https by the gateway's own habit, unless an annotation asks for it.
 */
function forSchemes(route: Route, won: readonly Place[]): Route {
  const [only] = won;
  const inClear = won.some(({ scheme }) => scheme === "http");
  const { redirect_https = false } = route.policy;
  const policy = inClear ? { ...route.policy, redirect_https } : route.policy;
  if (won.length !== 1) return { ...route, policy };
  const match: Match = { ...route.match, scheme: only!.scheme };
  return { ...route, tls: !inClear, match, policy };
}

/** TLSRoutes by host, TCPRoutes by port. */
function* rawClaims(given: Claiming): Generator<Claim> {
  const [rule] = given.rules;
  if (rule === undefined) return;
  const base = { ...common(given.kind, given.route, rule), policy: given.policy };
  const { targets } = rule.backends;
  const claim = (place: Place, input: RouteInput): Claim => {
    const made = parsed(input);
    const at = { host: input.host, places: [place] };
    if (typeof made === "string") return { ...at, problem: made, publication: undefined };
    return { ...at, problem: undefined, publication: () => ({ route: made, targets }) };
  };
  if (given.kind === "TCPRoute")
    for (const port of given.entrances.ports)
      yield claim(tcpPlace(port), { ...base, kind: "tcp", public_port: port });
  for (const [name, kinds] of given.entrances.hosts) {
    const host = hostPattern(name);
    if (kinds.has("passthrough"))
      yield claim(tlsPlace(host), { ...base, kind: "passthrough", tls: true, host });
  }
}

function common(kind: RouteKind, route: RouteObject, { backends }: RuleRead) {
  const { name, creationTimestamp = "" } = route.metadata;
  const age = Date.parse(creationTimestamp);
  const [first] = backends.backends;
  const { protocol } = backends.targets.find((target) => target !== NOWHERE) ?? NOWHERE;
  return {
    namespace: namespaceOf(route),
    // An Ingress may have the same name and ask for the same place.
    ingress_name: `${kind}:${name}`,
    service: first!.service,
    port: first!.port,
    backends: [...backends.backends],
    ...(protocol === "tcp" ? {} : { protocol }),
    ...(age >= 0 ? { age } : {}),
  };
}
/** What a gateway would refuse is said here, where a person sees it. */
function parsed(input: RouteInput): Route | string {
  const read = v.safeParse(Route, input);
  return read.success ? read.output : problemsOf(read.issues);
}
