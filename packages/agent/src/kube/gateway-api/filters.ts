import type { RouteInput } from "@warren/wire";
import type { HeaderModifier, PathModifier, RouteFilter } from "./objects.ts";

export type Filters = NonNullable<RouteInput["filters"]>;
type PathChange = { type: "full" | "prefix"; value: string };

/** Why a rule's filters cannot be done: the reason of the route's condition, and the text. */
export interface FilterProblem {
  readonly reason: "UnsupportedValue" | "IncompatibleFilters";
  readonly problem: string;
}
export type FiltersRead = { readonly filters: Filters | undefined } | FilterProblem;

/**
 * The filters of a rule. A gateway does them in an order of its own (request header fields, then the
 * redirect or the rewrite, response header fields last), which no two of them can tell apart.
 */
export function readFilters(
  filters: readonly RouteFilter[] = [],
  given: { kind: "HTTPRoute" | "GRPCRoute" },
): FiltersRead {
  const types = filters.map(({ type }) => type);
  const twice = types.find((type, at) => types.indexOf(type) !== at);
  if (twice !== undefined)
    return { reason: "IncompatibleFilters", problem: `filter ${twice} comes twice` };
  if (types.includes("RequestRedirect") && types.includes("URLRewrite"))
    return { reason: "IncompatibleFilters", problem: "a rule redirects or rewrites, not both" };
  const read: Filters = {};
  for (const filter of filters) {
    const problem = readOne(filter, read, given.kind);
    if (problem !== undefined) return { reason: "UnsupportedValue", problem };
  }
  return { filters: filters.length === 0 ? undefined : read };
}

function readOne(filter: RouteFilter, into: Filters, kind: string): string | undefined {
  const { type, requestHeaderModifier, responseHeaderModifier } = filter;
  if (type === "RequestHeaderModifier") {
    into.request_headers = headersOf(requestHeaderModifier);
    return manyActions(requestHeaderModifier);
  }
  if (type === "ResponseHeaderModifier") {
    into.response_headers = headersOf(responseHeaderModifier);
    return manyActions(responseHeaderModifier);
  }
  if (type === "RequestRedirect" && kind === "HTTPRoute")
    return readRedirect(filter.requestRedirect ?? {}, into);
  if (type === "URLRewrite" && kind === "HTTPRoute") return readRewrite(filter, into);
  return `Warren has no filter ${type}`;
}

function headersOf({ set = [], add = [], remove = [] }: HeaderModifier = {}) {
  return { set, add, remove };
}

/** One action for a field (HTTPHeaderFilter); two entries of one list are one too many as well. */
function manyActions({ set = [], add = [], remove = [] }: HeaderModifier = {}): string | undefined {
  const names = [...set.map(({ name }) => name), ...add.map(({ name }) => name), ...remove].map(
    (name) => name.toLowerCase(),
  );
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined ? undefined : `a header filter has two actions for ${twice}`;
}

const SCHEMES = ["http", "https"] as const;
const STATUSES = [301, 302, 303, 307, 308] as const;

function readRedirect(
  { scheme, hostname, port, path, statusCode = 302 }: NonNullable<RouteFilter["requestRedirect"]>,
  into: Filters,
): string | undefined {
  const known = SCHEMES.find((one) => one === scheme);
  if (scheme !== undefined && known === undefined) return `a redirect to scheme ${scheme}`;
  const status = STATUSES.find((one) => one === statusCode);
  if (status === undefined) return `a redirect with status ${statusCode}`;
  const change = pathChange(path);
  if (typeof change === "string") return change;
  into.redirect = {
    status,
    ...(known === undefined ? {} : { scheme: known }),
    ...(hostname === undefined ? {} : { host: hostname }),
    ...(port === undefined ? {} : { port }),
    ...(change === undefined ? {} : { path: change }),
  };
  return undefined;
}

function readRewrite({ urlRewrite = {} }: RouteFilter, into: Filters): string | undefined {
  const { hostname, path } = urlRewrite;
  const change = pathChange(path);
  if (typeof change === "string") return change;
  into.rewrite = {
    ...(hostname === undefined ? {} : { host: hostname }),
    ...(change === undefined ? {} : { path: change }),
  };
  return undefined;
}

function pathChange(path: PathModifier | undefined): PathChange | string | undefined {
  if (path === undefined) return undefined;
  const { type, replaceFullPath, replacePrefixMatch = "" } = path;
  if (type === "ReplacePrefixMatch") return { type: "prefix", value: replacePrefixMatch };
  if (type === "ReplaceFullPath") return { type: "full", value: replaceFullPath || "/" };
  return `a path modifier of type ${type}`;
}

/** True where a filter replaces the prefix that the match found: it needs a PathPrefix match. */
export function needsPrefix(filters: Filters | undefined): boolean {
  return filters?.redirect?.path?.type === "prefix" || filters?.rewrite?.path?.type === "prefix";
}
