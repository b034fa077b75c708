import type { Verdict } from "../../verdicts.ts";
import { MOST_PLACES } from "../ingress/places.ts";
import { mergeConditions, no, yes, type Said, type When } from "./conditions.ts";
import type { GatewayModel } from "./model.ts";
import type { ParentReference, ParentStatus } from "./objects.ts";
import type { ParentOutcome } from "./outcome.ts";
import { CONFIGURATION, WILDCARDS } from "../host-owners.ts";
import { wildcardRefused } from "../ingress/host-claims.ts";
import type { Lost } from "./places.ts";
import { partsOf } from "./references.ts";
import { ROUTE_CONDITIONS } from "./translate-route.ts";

/** GatewayStatus.parents allows so many. */
const MOST_PARENTS = 32;
/** A message names so many of what is the same with others. */
const MOST_NAMED = 5;

const PENDING = "Pending";
export const PUBLISHED = "warren.dev/Published";

/** What gateways said of a route key; undefined while they have not. */
export type VerdictOf = (key: string) => Verdict | undefined;

export interface RouteParentsHow {
  /** Whose entries are ours. */
  readonly controllerName: string;
  readonly published: Said | undefined;
  readonly when: When;
}

/**
 * What a route's `status.parents` becomes. Entries of other controllers stay as they are, in their
 * places; ours of parents that the route has no more, or that are not ours any more, go (RouteStatus,
 * notes for implementors).
 */
export function routeParents(
  before: readonly ParentStatus[],
  outcomes: readonly ParentOutcome[],
  { controllerName, published, when }: RouteParentsHow,
): ParentStatus[] {
  const left = new Map(outcomes.map((one) => [nameOf(one.parentRef), one]));
  const made = (outcome: ParentOutcome, old: ParentStatus | undefined): ParentStatus => ({
    parentRef: outcome.parentRef,
    controllerName,
    conditions: mergeConditions(
      old?.conditions ?? [],
      withPublished(outcome, published && unlessPending(published, old, when)),
      { owned: ROUTE_CONDITIONS, when },
    ),
  });
  const kept = before.flatMap((old): ParentStatus[] => {
    if (old.controllerName !== controllerName) return [old];
    const outcome = left.get(nameOf(old.parentRef));
    left.delete(nameOf(old.parentRef));
    return outcome === undefined ? [] : [made(outcome, old)];
  });
  const added = [...left.values()].map((one) => made(one, undefined));
  return [...kept, ...added].slice(0, MOST_PARENTS);
}

/** Two references to one parent differ in these alone. */
function nameOf({ group, kind, namespace, name, sectionName, port }: ParentReference): string {
  return JSON.stringify([group, kind, namespace, name, sectionName, port]);
}

function withPublished(
  { conditions }: ParentOutcome,
  published: Said | undefined,
): readonly Said[] {
  const accepted = conditions.some(({ type, status }) => type === "Accepted" && status === "True");
  return accepted && published !== undefined ? [...conditions, published] : conditions;
}

/**
 * What gateways took is not in doubt because they have still to say it to another leader, or of another
 * port of its Service: ten thousand routes would be written twice for nothing.
 */
function unlessPending(published: Said, old: ParentStatus | undefined, { generation }: When): Said {
  if (published.reason !== PENDING) return published;
  const before = old?.conditions.find(({ type }) => type === PUBLISHED);
  const stands = before?.status === "True" && before.observedGeneration === generation;
  return stands ? before : published;
}

const TOO_MANY = `it has more than ${MOST_PLACES} matches, each counted once for each of its hosts: the first ${MOST_PLACES} are published; split it into several routes`;

/** Whether what an accepted route asks for is really served by gateways, and why not. */
export function publishedCondition(model: GatewayModel, id: string, verdict: VerdictOf): Said {
  if (model.outcome(id)?.isLeftOut === true)
    return no(PUBLISHED, "LeftOut", 'annotation warren.dev/publish says "false"');
  const keys = [...model.published(id)];
  const refused = keys.flatMap((key) => {
    const said = verdict(key);
    return said === undefined || "accepted" in said ? [] : [{ key, ...said }];
  });
  if (refused.length > 0)
    return no(
      PUBLISHED,
      reasonOf(refused[0]!.refused),
      listed(refused.map((one) => `${placeOf(one.key)}: ${one.message || one.refused}`)),
    );
  const lost = model.lost(id);
  if (lost.length > 0)
    return no(
      PUBLISHED,
      lost[0]!.holder === WILDCARDS ? "WildcardNotAllowed" : "Conflicted",
      listed(lost.map(lossOf)),
    );
  if (model.outcome(id)?.isCut === true) return no(PUBLISHED, "TooManyPaths", TOO_MANY);
  const [problem] = model.problems(id);
  if (problem !== undefined) return no(PUBLISHED, "InvalidRoute", problem);
  if (keys.length === 0) return no(PUBLISHED, "NotServed", nothing(model));
  if (keys.some((key) => verdict(key) === undefined))
    return {
      type: PUBLISHED,
      status: "Unknown",
      reason: PENDING,
      message: "gateways have not answered yet",
    };
  return yes(PUBLISHED, "Published", "Warren's gateways serve it");
}

function nothing({ names }: GatewayModel): string {
  return names.length === 0
    ? "no listener that takes it is served, or it names no host and no gateway has given this cluster a name"
    : "no listener that takes it is served";
}

function listed(all: readonly string[]): string {
  const more = all.length > MOST_NAMED ? [`and ${all.length - MOST_NAMED} more`] : [];
  return [...all.slice(0, MOST_NAMED), ...more].join("; ");
}

/** `host_taken` is `HostTaken`. */
function reasonOf(code: string): string {
  return code.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

/** The host, path type and path of a route key. */
function placeOf(key: string): string {
  return key.split(" ").slice(1, 4).join(" ");
}

/** A wildcard in the words of the route, whose `*.` is one label or more. */
function lossOf({ place, holder }: Lost): string {
  if (holder === WILDCARDS) return wildcardRefused(place.replace("**.", "*.")).message;
  return `${holderOf(holder)} has ${place}`;
}

/** Whoever is before a route is older, but for the operator. */
function holderOf(id: string): string {
  if (id === CONFIGURATION) return id;
  const { kind, key } = partsOf(id);
  return `${kind} ${key} is older and`;
}
