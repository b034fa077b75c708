import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../cluster-view.ts";
import type { Ingress, IngressBackend } from "../objects.ts";

export type PathType = "Exact" | "Prefix" | "ImplementationSpecific";

/** Of one Ingress: each costs every agent and every gateway something whenever the Ingress is touched. */
export const MOST_PLACES = 1_000;

const TOO_MANY: Problem = {
  reason: "TooManyPaths",
  message: `it has more than ${MOST_PLACES} paths, each counted once for each of its hosts: the first ${MOST_PLACES} are published; split it into several Ingresses`,
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
  const problems = [...(isHostless(ingress) ? sayHosts(hosts) : []), ...sayEmpty(ingress)];
  for (const place of asked(ingress, hosts)) {
    const key = placeKey(place);
    const before = places.get(key);
    // An Ingress that says a place twice means the first, as ingress-nginx has it.
    if (before !== undefined) problems.push(...sayTwice(before, place, ingress));
    else if (places.size < MOST_PLACES) places.set(key, place);
    else {
      problems.push(TOO_MANY);
      break;
    }
  }
  return { places: [...places.values()], problems };
}

/** In the order in which they count. */
function* asked(ingress: Ingress, hosts: readonly string[]): IterableIterator<Place> {
  const { rules = [], defaultBackend: backend } = ingress.spec ?? {};
  for (const rule of rules)
    for (const host of hostsOfRule(rule, hosts))
      for (const path of rule.http?.paths ?? []) yield atPath(host, path);
  if (backend !== undefined)
    for (const host of hostsOf(ingress, hosts))
      yield { host, path: "/", pathType: "ImplementationSpecific", backend };
}

/** Every host of an Ingress, once; what names none is at `others`. */
export function hostsOf({ spec }: Ingress, others: readonly string[]): string[] {
  const { rules = [], defaultBackend } = spec ?? {};
  if (rules.length === 0) return defaultBackend === undefined ? [] : [...others];
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
export function isHostless({ spec }: Ingress): boolean {
  const { rules = [], defaultBackend } = spec ?? {};
  return rules.length === 0
    ? defaultBackend !== undefined
    : rules.some(({ host = "" }) => host === "");
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

type AskedPath = NonNullable<NonNullable<NonNullable<Ingress["spec"]>["rules"]>[number]["http"]>;

function atPath(host: string, { path, pathType, backend }: AskedPath["paths"][number]): Place {
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
function sayEmpty({ spec }: Ingress): Problem[] {
  if (spec?.defaultBackend !== undefined) return [];
  const empty = (spec?.rules ?? []).filter(({ http }) => (http?.paths ?? []).length === 0);
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
