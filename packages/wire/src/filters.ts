import * as v from "valibot";

/**
 * What a gateway changes on a route's requests and answers: the core and extended filters of Gateway
 * API's HTTPRoute v1 (HTTPHeaderFilter, HTTPRequestRedirectFilter, HTTPURLRewriteFilter). Everything
 * that could break a message is refused here, so that a gateway writes it as it stands.
 */

/** Each list of a filter, as in Gateway API. */
const MOST_FIELDS = 16;

/** RFC 9110 §5.6.2. */
const token = v.pipe(
  v.string(),
  v.maxLength(256),
  v.regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "must be a field name"),
  v.toLowerCase(),
);
/**
 * Framing and hop-by-hop fields (RFC 9110 §7.6.1), and the target itself: a gateway makes these
 * anew for each connection, and a filter that touched them could make two requests of one.
 */
const OF_THE_CONNECTION: readonly string[] = [
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
export const FilterField = v.pipe(
  token,
  v.check(
    // Some services read `_` as `-`.
    (field) => !OF_THE_CONNECTION.includes(field.replaceAll("_", "-")),
    "belongs to the connection, no filter changes it",
  ),
);
const FieldValue = v.pipe(
  v.string(),
  v.maxLength(4_096),
  v.regex(/^[\t\x20-\x7e]*$/, "must be ASCII without control characters"),
  v.trim(),
);
const fields = v.pipe(
  v.array(v.object({ name: FilterField, value: FieldValue })),
  v.maxLength(MOST_FIELDS),
);

/** Removed first, then set (in place of all of that name), then added. Names become lower case. */
export const HeaderFilter = v.object({
  set: v.optional(fields, []),
  add: v.optional(fields, []),
  remove: v.optional(v.pipe(v.array(FilterField), v.maxLength(MOST_FIELDS)), []),
});
export type HeaderFilter = v.InferOutput<typeof HeaderFilter>;

/** A path without a query, as in a request line. */
const plainPath = v.pipe(
  v.string(),
  v.maxLength(1_024),
  v.regex(/^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/, "must begin with / and have no query or fragment"),
);
/**
 * `full` puts the value in place of the whole path; `prefix` in place of what the route's path
 * matched, element by element. The query stays as it is.
 */
export const PathChange = v.variant("type", [
  v.object({ type: v.literal("full"), value: plainPath }),
  v.object({ type: v.literal("prefix"), value: v.union([v.literal(""), plainPath]) }),
]);
export type PathChange = v.InferOutput<typeof PathChange>;

/** One host, no pattern. */
const preciseHost = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.maxLength(253),
  v.regex(
    /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*$/,
    "must be a host name",
  ),
);

/** Answered by the gateway; what is left out is taken from the request. */
export const Redirect = v.object({
  scheme: v.optional(v.picklist(["http", "https"])),
  host: v.optional(preciseHost),
  /** Absent: the scheme's own where a scheme is given, else the port that the client used. */
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
  path: v.optional(PathChange),
  status: v.optional(v.picklist([301, 302, 303, 307, 308]), 302),
});
export type Redirect = v.InferOutput<typeof Redirect>;

/** What the service is asked instead. */
export const Rewrite = v.object({
  host: v.optional(preciseHost),
  path: v.optional(PathChange),
});
export type Rewrite = v.InferOutput<typeof Rewrite>;

export const Filters = v.pipe(
  v.object({
    request_headers: v.optional(HeaderFilter),
    response_headers: v.optional(HeaderFilter),
    redirect: v.optional(Redirect),
    rewrite: v.optional(Rewrite),
  }),
  v.check(
    ({ redirect, rewrite }) => redirect === undefined || rewrite === undefined,
    "a route redirects or rewrites, not both",
  ),
);
export type Filters = v.InferOutput<typeof Filters>;

/** True when a filter replaces the prefix that the route's path matched. */
export function replacesPrefix({ redirect, rewrite }: Filters): boolean {
  return redirect?.path?.type === "prefix" || rewrite?.path?.type === "prefix";
}
