import { matchingPath } from "@warren/http";
import { prefixOfExpression, type Match, type Route } from "@warren/wire";
import type { Place } from "./outcome.ts";

const SCHEMES = ["http", "https"] as const;

interface Asked {
  readonly host: string;
  readonly path: string;
  readonly path_type: Route["path_type"];
  readonly match: Match;
}

/** Where a route on the wire is served, one place for each scheme: two that a gateway cannot tell apart have one name. */
export function httpPlaces(asked: Asked, schemes: readonly ("http" | "https")[]): Place[] {
  const { host, match } = asked;
  // ImplementationSpecific is a prefix as well, which gateways try last.
  const type = asked.path_type === "Exact" ? "Exact" : "Prefix";
  const { path: read } = matchingPath(asked.path);
  const path = type === "Prefix" && read !== "/" && read.endsWith("/") ? read.slice(0, -1) : read;
  const where = [host, type, path, ...conditionsOf(match)].join(" ");
  return schemes.map((scheme) => ({
    name: `${scheme} ${where}`,
    scheme,
    beside: scheme === "https" ? tlsPlace(host).name : undefined,
  }));
}

/** The places of any route that is published. */
export function placesOf(route: Route): Place[] {
  if (route.kind === "http")
    return httpPlaces(
      asFound(route),
      route.match.scheme === undefined ? SCHEMES : [route.match.scheme],
    );
  if (route.kind === "passthrough") return [tlsPlace(route.host)];
  return route.public_port === undefined ? [] : [tcpPlace(route.public_port)];
}

/** A gateway looks for an expression under the prefix that it begins with. */
function asFound(route: Route): Asked {
  if (route.controller !== "expressions") return route;
  const path = prefixOfExpression(route.path);
  return path === route.path ? route : { ...route, path_type: "Prefix", path };
}

export function tlsPlace(host: string): Place {
  return { name: `tls ${host}`, scheme: undefined, beside: undefined };
}
export function tcpPlace(port: number): Place {
  return { name: `tcp ${port}`, scheme: undefined, beside: undefined };
}

/** In which order a match lists its fields means nothing. */
function conditionsOf({ method, headers, query }: Match): string[] {
  return [
    ...(method === undefined ? [] : [method]),
    ...fieldsOf("header", headers),
    ...fieldsOf("query", query),
  ];
}

function fieldsOf(kind: string, all: Match["headers"]): string[] {
  return all.map(({ name, value }) => `${kind} ${JSON.stringify([name, value])}`).toSorted();
}
