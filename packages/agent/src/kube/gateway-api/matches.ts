import type { Match } from "@warren/wire";
import type { GrpcMatch, HttpMatch, NamedMatch } from "./objects.ts";

/** What a rule's match asks for, in the words of a route; or what Warren cannot match on. */
export interface MatchedPlace {
  readonly path: string;
  readonly pathType: "Exact" | "Prefix";
  readonly match: Match;
}
export type MatchRead = MatchedPlace | { readonly unsupported: string };

const METHODS = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)$/;
const PATH_TYPES: Readonly<Record<string, MatchedPlace["pathType"]>> = {
  Exact: "Exact",
  PathPrefix: "Prefix",
};

export function httpPlace({ path, headers, queryParams, method }: HttpMatch): MatchRead {
  const { type = "PathPrefix", value = "/" } = path ?? {};
  const pathType = PATH_TYPES[type];
  if (pathType === undefined) return { unsupported: `a path match of type ${type}` };
  if (method !== undefined && !METHODS.test(method))
    return { unsupported: `a match of method ${method}` };
  const fields = namedValues(headers, "header");
  const query = namedValues(queryParams, "query parameter");
  if ("unsupported" in fields) return fields;
  if ("unsupported" in query) return query;
  const match: Match = { headers: fields.values, query: query.values };
  if (method !== undefined) match.method = method;
  return { path: value, pathType, match };
}

/** A call is a POST to `/service/method` (gRPC over HTTP/2, "Requests"). */
export function grpcPlace({ method: call, headers }: GrpcMatch): MatchRead {
  const { type = "Exact", service = "", method = "" } = call ?? {};
  if (type !== "Exact") return { unsupported: `a method match of type ${type}` };
  if (service === "" && method !== "")
    return { unsupported: `a match of method ${method} of every service` };
  const fields = namedValues(headers, "header");
  if ("unsupported" in fields) return fields;
  const match: Match = { headers: fields.values, query: [] };
  if (service === "") return { path: "/", pathType: "Prefix", match };
  if (method === "") return { path: `/${service}`, pathType: "Prefix", match };
  return { path: `/${service}/${method}`, pathType: "Exact", match };
}

/** Of equal names the first counts (HTTPHeaderMatch, HTTPQueryParamMatch); header names have no case. */
function namedValues(
  asked: readonly NamedMatch[] = [],
  what: "header" | "query parameter",
): { values: Match["headers"] } | { unsupported: string } {
  const strange = asked.find(({ type = "Exact" }) => type !== "Exact");
  if (strange !== undefined) return { unsupported: `a ${what} match of type ${strange.type}` };
  const values = new Map<string, string>();
  for (const { name, value } of asked) {
    const key = what === "header" ? name.toLowerCase() : name;
    if (!values.has(key)) values.set(key, value);
  }
  return { values: [...values].map(([name, value]) => ({ name, value })) };
}
