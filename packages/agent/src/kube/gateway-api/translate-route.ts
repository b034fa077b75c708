import { attach, gatewayOf, listenerSetOf, type Attachment } from "./attach.ts";
import { noBackends, readBackends } from "./backends.ts";
import type { BackendLookUps, BackendOwner, BackendsRead, RouteLookUps } from "./backends.ts";
import { no, yes, type Said } from "./conditions.ts";
import type { JudgedListener } from "./listeners.ts";
import { namespaceOf } from "./objects.ts";
import type { ParentReference, RouteKind, RouteObject } from "./objects.ts";
import type { ParentOutcome, RouteOutcome } from "./outcome.ts";
import { readWishes } from "./route-wishes.ts";
import { readRule, type RuleRead } from "./rules.ts";
import type { HostClaim } from "../host-owners.ts";
import { hostPattern } from "./hostnames.ts";
import { claimsOf, type Entrances } from "./claims.ts";

/** A Gateway of ours. */
export interface ServedGateway {
  readonly namespace: string;
  readonly listeners: readonly JudgedListener[];
}

/** What the translation of a route depends on besides the route. */
export interface RouteContext {
  /** By `namespace/name`; undefined for what is not there, or not ours. */
  gateway(key: string): ServedGateway | undefined;
  /** The Gateway of ours that a ListenerSet is for, both as `namespace/name`. */
  gatewayOfSet(key: string): string | undefined;
  readonly labels: (namespace: string) => Readonly<Record<string, string>>;
  /** Names that gateways gave this cluster: the hosts of what names none. */
  readonly names: readonly string[];
  readonly backends: BackendLookUps;
}

/** Conditions of a parent that are ours, also where they are absent now. */
export const ROUTE_CONDITIONS = [
  "Accepted",
  "ResolvedRefs",
  "PartiallyInvalid",
  "warren.dev/Published",
];

/** What becomes of a route. Pure: the same in, the same out. */
export function translateRoute(
  kind: RouteKind,
  route: RouteObject,
  context: RouteContext,
): RouteOutcome {
  const wishes = readWishes(route);
  const {
    affinity = "none",
    connect_timeout_ms: connectTimeoutMs = context.backends.connectTimeoutMs,
  } = wishes.policy;
  const owner = { kind, namespace: namespaceOf(route), protocol: wishes.protocol, affinity };
  const rules = rulesOf(owner, route, {
    ...context.backends,
    connectTimeoutMs,
    dialled: new Map(),
  });
  const validity =
    wishes.problem === undefined
      ? validityOf(kind, rules)
      : [no("Accepted", "UnsupportedValue", wishes.problem)];
  const resolution = resolutionOf(rules);
  const entrances: Entrances = { hosts: new Map(), namespaces: new Map(), ports: new Set() };
  const parents = (route.spec.parentRefs ?? []).flatMap((parentRef): ParentOutcome[] => {
    const set = listenerSetOf(parentRef, owner.namespace);
    if (set !== undefined) return atListenerSet(parentRef, context.gatewayOfSet(set), resolution);
    const key = gatewayOf(parentRef, owner.namespace);
    const gateway = key === undefined ? undefined : context.gateway(key);
    if (key === undefined || gateway === undefined) return [];
    const attached = attachTo(route, { kind, parentRef, gateway, context });
    if (!Array.isArray(attached)) return [refused(key, parentRef, [attached.said, resolution])];
    const others = kind === "TLSRoute" ? [] : context.names;
    for (const one of attached) enter(one, entrances, { namespace: gateway.namespace, others });
    const listeners = attached.map(({ listener }) => listener.listener.name);
    return [{ parentRef, gateway: key, listeners, conditions: [...validity, resolution] }];
  });
  const isServed = wishes.problem === undefined && wishes.publish;
  const claiming = { kind, route, rules, entrances, policy: wishes.policy };
  return {
    kind,
    ...(isServed ? claimsOf(claiming) : { claims: [], isCut: false }),
    hosts: hostClaims(owner.namespace, entrances, wishes.shareHost),
    isLeftOut: !wishes.publish,
    parents: parents.map((one) => withoutInvalid(one)),
  };
}

function isHttp(kind: RouteKind): kind is "HTTPRoute" | "GRPCRoute" {
  return kind === "HTTPRoute" || kind === "GRPCRoute";
}

const NO_SETS = no(
  "Accepted",
  "NoMatchingParent",
  "Warren's Gateways take no ListenerSets: name the Gateway itself",
);

function atListenerSet(
  parentRef: ParentReference,
  gateway: string | undefined,
  resolution: Said,
): ParentOutcome[] {
  return gateway === undefined ? [] : [refused(gateway, parentRef, [NO_SETS, resolution])];
}

function refused(
  gateway: string,
  parentRef: ParentReference,
  conditions: readonly Said[],
): ParentOutcome {
  return { parentRef, gateway, listeners: [], conditions };
}

/** A route that is not accepted is attached to nothing (ListenerStatus.attachedRoutes). */
function withoutInvalid(outcome: ParentOutcome): ParentOutcome {
  const rejected = outcome.conditions.some(
    ({ type, status }) => type === "Accepted" && status !== "True",
  );
  return rejected ? { ...outcome, listeners: [] } : outcome;
}

interface Attaching {
  kind: RouteKind;
  parentRef: ParentReference;
  gateway: ServedGateway;
  context: RouteContext;
}

function attachTo(
  route: RouteObject,
  { kind, parentRef, gateway, context }: Attaching,
): Attachment[] | { said: Said } {
  const result = attach(
    { kind, namespace: namespaceOf(route), hostnames: route.spec.hostnames },
    parentRef,
    { ...gateway, labels: context.labels },
  );
  return Array.isArray(result) ? result : { said: no("Accepted", result.reason, result.message) };
}

/** Where the route's requests come in, as far as the listener is served at all. */
function enter(
  { listener, hosts }: Attachment,
  entrances: Entrances,
  { namespace, others }: { namespace: string; others: readonly string[] },
): void {
  const { kind, programmed } = listener;
  if (!programmed || kind === undefined) return;
  if (kind === "tcp") return void entrances.ports.add(listener.listener.port);
  for (const host of hosts.length === 0 ? others : hosts) {
    const kinds = entrances.hosts.get(host) ?? new Set();
    entrances.hosts.set(host, kinds.add(kind));
    const namespaces = entrances.namespaces.get(host) ?? new Set();
    entrances.namespaces.set(host, namespaces.add(namespace));
  }
}

/** A host that it has through a Gateway is the Gateway's too, which says who else comes in there. */
function hostClaims(
  namespace: string,
  { namespaces }: Entrances,
  shareHost: readonly string[],
): Map<string, HostClaim> {
  const shared = new Set(shareHost);
  return new Map(
    [...namespaces].map(([host, gateways]) => [
      hostPattern(host),
      { namespaces: new Set([namespace, ...gateways]), shared },
    ]),
  );
}

/** tls and tcp rules match everything: the first is all that can be. */
function rulesOf(owner: BackendOwner, { spec }: RouteObject, look: RouteLookUps): RuleRead[] {
  const { kind } = owner;
  const { rules = [] } = spec;
  if (kind === "UDPRoute") return [];
  if (isHttp(kind)) {
    const given = rules.length === 0 ? [{}] : rules;
    return given.map((rule) => readRule(rule, { ...owner, kind }, look));
  }
  const first = readBackends(rules[0]?.backendRefs, owner, look);
  const others = rules.slice(1).map((): RuleRead => {
    const problem = { reason: "UnsupportedValue" as const, problem: `a ${kind} has one rule` };
    return { ...rawRule({ ...noBackends(owner), problems: [] }), problem };
  });
  return [rawRule(first), ...others];
}

function rawRule(backends: BackendsRead): RuleRead {
  return { places: [], filters: undefined, policy: {}, backends, problem: undefined };
}

/** Accepted where at least one rule is done; PartiallyInvalid where another is not. */
function validityOf(kind: RouteKind, rules: readonly RuleRead[]): Said[] {
  const bad = rules.flatMap(({ problem, places }, at) =>
    problem === undefined ? [] : [{ ...problem, at, answered: places.length > 0 }],
  );
  const [first] = bad;
  if (first === undefined) return [yes("Accepted", "Accepted", "the route is valid")];
  const text = bad.map(({ at, problem, answered }) => {
    const fate = answered ? ": its requests are answered 500" : "";
    return `Dropped Rule ${at} (${problem})${fate}`;
  });
  const message = text.join("; ");
  if (bad.length === rules.length) return [no("Accepted", first.reason, message)];
  return [
    yes("Accepted", "Accepted", `some rules of the ${kind} are served`),
    yes("PartiallyInvalid", "UnsupportedValue", message),
  ];
}

function resolutionOf(rules: readonly RuleRead[]): Said {
  const problems = rules.flatMap(({ backends }) => backends.problems);
  const [first] = problems;
  if (first === undefined)
    return yes("ResolvedRefs", "ResolvedRefs", "all references are resolved");
  const texts = new Set(problems.map(({ message }) => message));
  return no("ResolvedRefs", first.reason, [...texts].join("; "));
}
