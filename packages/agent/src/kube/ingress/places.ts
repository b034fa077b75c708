import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../cluster-view.ts";
import type { Ingress, IngressBackend, IngressPath } from "../objects.ts";

export type PathType = "Exact" | "Prefix" | "ImplementationSpecific";

/**
 * Of one Ingress: each costs every agent and every gateway something whenever the Ingress is touched. A
 * rule without paths counts as one, and a place that is there twice as two: they cost as much.
 */
export const MOST_PLACES = 1_000;

const TOO_MANY: Problem = {
  reason: "TooManyPaths",
  message: `it has more than ${MOST_PLACES} paths, each counted once for each of its hosts, and a rule without any as one: the first ${MOST_PLACES} are published; split it into several Ingresses`,
};

/** Where an Ingress wants requests from, and what is behind it. */
export interface Place {
  readonly host: string;
  readonly path: string;
  readonly pathType: PathType;
  readonly backend: IngressBackend;
}

export interface PlacesAsked {
  readonly places: readonly Place[];
  readonly problems: readonly Problem[];
}

/**
 * Every (host, path, path type) of an Ingress, once. What has no host, a rule or the default backend
 * of an Ingress without rules, is at `hosts`: the whole world's requests cannot be claimed. A default
 * backend is also behind each host of the rules, after all their paths. Of very many the first.
 */
export function placesOf(ingress: Ingress, hosts: readonly string[]): PlacesAsked {
  const places = new Map<string, Place>();
  const empty = sayEmpty(ingress);
  const problems = [...(isHostless(ingress) ? sayHosts(hosts) : []), ...empty];
  let room = MOST_PLACES - empty.length;
  let isCut = (ingress.spec?.rules ?? []).length > MOST_PLACES;
  for (const place of asked(ingress, hosts)) {
    if (room-- === 0) {
      isCut = true;
      break;
    }
    const key = placeKey(place);
    const before = places.get(key);
    // An Ingress that says a place twice means the first, as ingress-nginx has it.
    if (before !== undefined) problems.push(...sayTwice(before, place, ingress));
    else places.set(key, place);
  }
  if (isCut) problems.push(TOO_MANY);
  return { places: [...places.values()], problems };
}

/** In the order in which they count. */
function* asked(ingress: Ingress, hosts: readonly string[]): IterableIterator<Place> {
  const backend = ingress.spec?.defaultBackend;
  for (const rule of rulesOf(ingress))
    for (const host of hostsOfRule(rule, hosts))
      for (const path of rule.http?.paths ?? []) yield atPath(host, path);
  if (backend !== undefined)
    for (const host of hostsOf(ingress, hosts))
      yield { host, path: "/", pathType: "ImplementationSpecific", backend };
}

/** Every host of an Ingress, once, of very many rules those of the first; what names none is at `others`. */
export function hostsOf(ingress: Ingress, others: readonly string[]): string[] {
  const rules = rulesOf(ingress);
  if (rules.length === 0) return ingress.spec?.defaultBackend === undefined ? [] : [...others];
  return [...new Set(rules.flatMap((rule) => hostsOfRule(rule, others)))];
}

/** Every Service that an Ingress names, whether it exists or not. */
export function servicesOf({ spec }: Ingress): Set<string> {
  const { rules = [], defaultBackend } = spec ?? {};
  const paths = rules.flatMap(({ http }) => http?.paths ?? []);
  const backends = [defaultBackend, ...paths.map(({ backend }) => backend)];
  return new Set(backends.flatMap((backend) => backend?.service?.name ?? []));
}

/** Whether part of it is for requests of any host. */
export function isHostless(ingress: Ingress): boolean {
  const rules = rulesOf(ingress);
  return rules.length === 0
    ? ingress.spec?.defaultBackend !== undefined
    : rules.some(({ host = "" }) => host === "");
}

/** Those that count. */
function rulesOf({ spec }: Ingress) {
  return (spec?.rules ?? []).slice(0, MOST_PLACES);
}

function hostsOfRule(
  { host = "" }: { host?: string },
  others: readonly string[],
): readonly string[] {
  return host === "" ? others : [host.toLowerCase()];
}

/**
 * What two routes may not share: unlike a route's key it does not say whose it is. `/a` and `/a/` are
 * one place but for Exact paths (Kubernetes Ingress, path types).
 */
export function placeKey({ host, path, pathType }: Omit<Place, "backend">): string {
  const isSlashed = pathType !== "Exact" && path.length > 1 && path.endsWith("/");
  return `${host} ${pathType} ${isSlashed ? path.slice(0, -1) : path}`;
}

function atPath(host: string, { path, pathType, backend }: IngressPath): Place {
  return {
    host,
    path: encoded(path === undefined || path === "" ? "/" : path),
    pathType: isPathType(pathType) ? pathType : "Prefix",
    backend,
  };
}

function isPathType(word: string | undefined): word is PathType {
  return word === "Exact" || word === "Prefix" || word === "ImplementationSpecific";
}

/** As it stands in a request line: the API takes any text for a path. */
function encoded(path: string): string {
  return path.replace(/[^\x21-\x7e]+/gu, (text) => encodeURIComponent(text.toWellFormed()));
}

function sayHosts(hosts: readonly string[]): Problem[] {
  const message =
    hosts.length > 0
      ? `what has no host is published at ${hosts.join(", ")}; warren.dev/hosts says others`
      : "a rule without a host is published at the cluster's own names, and no gateway has given it one: name hosts in the rules or in warren.dev/hosts";
  return [{ reason: hosts.length > 0 ? "DefaultHosts" : "NoHost", message }];
}

/** A rule that nothing answers. */
function sayEmpty(ingress: Ingress): Problem[] {
  if (ingress.spec?.defaultBackend !== undefined) return [];
  const empty = rulesOf(ingress).filter(({ http }) => (http?.paths ?? []).length === 0);
  return empty.map(({ host = "" }) => {
    const rule = host === "" ? "a rule without a host" : `the rule of ${host}`;
    const message = `${rule} has no paths, and there is no defaultBackend: nothing is published for it`;
    return { reason: "NoPaths", message };
  });
}

function sayTwice(first: Place, second: Place, { spec }: Ingress): Problem[] {
  // The default is there for what the rules leave.
  const isMeant =
    second.backend === spec?.defaultBackend || isDeepStrictEqual(first.backend, second.backend);
  if (isMeant) return [];
  const message = `${first.host}${second.path} (${second.pathType}) is there twice with different backends: the first counts`;
  return [{ reason: "PathTwice", message }];
}
