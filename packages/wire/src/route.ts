import * as v from "valibot";
import { Filters, replacesPrefix } from "./filters.ts";

/**
 * A route as an agent publishes it, in the shape of the seed's `ingress_routes` message; fields
 * after `annotations` are additive. A gateway never learns an address: it gives the route's key and
 * backend index back, and the agent looks up what to dial.
 */
const text = v.pipe(
  v.string(),
  v.maxLength(1024),
  v.regex(/^[^\0-\x20\x7f]*$/, "has a space or control character"),
);
const name = v.pipe(
  v.string(),
  v.maxLength(253),
  v.regex(/^[A-Za-z0-9._:-]*$/, "must be a DNS name"),
);
/** Exact (`a.b`), wildcard of depth one (`*.b`) or of any depth (`**.b`); lower case is made here. */
export const HostPattern = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.maxLength(253),
  v.regex(
    /^(\*\*?\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/,
    'must be a host name, "*.name" or "**.name"',
  ),
);
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
/** As in a request line: what lies outside is percent-encoded there, and would never match. */
const path = v.pipe(
  v.string(),
  v.maxLength(1024),
  v.startsWith("/"),
  v.regex(/^[\x21-\x7e]*$/, "must be visible ASCII; percent-encode the rest"),
);
const positive = v.pipe(v.number(), v.minValue(0));

export const PathType = v.picklist(["Exact", "Prefix", "ImplementationSpecific"]);
export const BackendProtocol = v.picklist(["http", "https", "h2c", "h2"]);

export const Backend = v.object({
  service: name,
  namespace: v.optional(name, "default"),
  port,
  weight: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000)), 1),
  /**
   * The gateway answers this share of the requests with this status and nothing is dialled: 500
   * for what cannot be a backend, 503 for one that has no endpoints (Gateway API, HTTPBackendRef).
   * Service and port then only name what was asked for.
   */
  answer: v.optional(v.picklist([500, 503])),
});
export type Backend = v.InferOutput<typeof Backend>;

const NamedValue = v.object({ name: text, value: v.pipe(v.string(), v.maxLength(4096)) });
export const Match = v.object({
  method: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{1,20}$/))),
  headers: v.optional(v.pipe(v.array(NamedValue), v.maxLength(16)), []),
  query: v.optional(v.pipe(v.array(NamedValue), v.maxLength(16)), []),
  /** How the request left its client: a route of one listener alone (Gateway API, Listener). */
  scheme: v.optional(v.picklist(["http", "https"])),
});
export type Match = v.InferOutput<typeof Match>;

export const Rate = v.object({
  per_second: v.pipe(v.number(), v.gtValue(0)),
  burst: v.pipe(v.number(), v.minValue(1)),
});
export type Rate = v.InferOutput<typeof Rate>;

/** What a gateway does with a route's requests. All optional: nothing is on unless asked for. */
export const Policy = v.object({
  /** Request fields that do not reach the application, lower case. */
  strip_headers: v.optional(v.array(v.pipe(text, v.toLowerCase())), []),
  rate: v.optional(Rate),
  client_rate: v.optional(Rate),
  /** CIDRs that may come in; empty allows all. */
  allow: v.optional(v.array(text), []),
  /** CIDRs that may not come in, also where `allow` has them. */
  deny: v.optional(v.pipe(v.array(text), v.maxLength(1_024))),
  /** `user:scrypt$N$r$p$salt$hash` lines; empty asks for no password. */
  basic_auth: v.optional(v.array(text), []),
  affinity: v.optional(v.picklist(["none", "cookie", "client_ip"]), "none"),
  balance: v.optional(v.picklist(["least", "round_robin"]), "least"),
  /** Milliseconds to the final response head, counted from the last body byte forwarded. */
  head_timeout_ms: v.optional(positive),
  connect_timeout_ms: v.optional(positive),
  /** Milliseconds from the request's head to the answer's end (Gateway API, timeouts.request); 0: none. */
  request_timeout_ms: v.optional(positive),
  /** Largest request body, bytes; none unless set. */
  max_body_bytes: v.optional(positive),
  /** Let paths through whose decoded form differs by dot segments, %2F or backslashes. */
  raw_path: v.optional(v.boolean(), false),
  /** PROXY protocol v2 towards the service, on tcp and passthrough routes. */
  proxy_protocol: v.optional(v.boolean(), false),
  redirect_https: v.optional(v.boolean()),
  /** Strict-Transport-Security max-age in seconds. */
  hsts_seconds: v.optional(positive),
});
export type Policy = v.InferOutput<typeof Policy>;

/**
 * How a gateway reaches the service: through the cluster's tunnel, at the cluster's own public
 * endpoint, or through the tunnel with the endpoint beside it.
 */
export const Mode = v.picklist(["tunnel", "direct", "both"]);
export type Mode = v.InferOutput<typeof Mode>;

/** Where a public cluster answers for itself. Only public addresses are dialled. */
export const Endpoint = v.object({
  scheme: v.picklist(["http", "https"]),
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  host: v.pipe(
    v.string(),
    v.maxLength(253),
    v.regex(/^[0-9A-Za-z:._-]+$/, "must be a host name or an address"),
    v.toLowerCase(),
  ),
  port,
});
export type Endpoint = v.InferOutput<typeof Endpoint>;

/**
 * How a controller reads `path`: by element, as it stands; by character, so that `/a` is `/ab` too; or as an
 * expression, and then every path of the host, whoever wrote it (ingress-nginx, `use-regex`). A word of a later
 * release is read by character: guards then hold for more than by element, and no path is lost by it.
 */
export const Controller = v.fallback(
  v.picklist(["paths", "characters", "expressions"]),
  "characters",
);

const MOST_KEY_CHARS = 4_096;

export const Route = v.pipe(
  v.object({
    host: v.optional(v.union([HostPattern, v.literal("")]), ""),
    path: v.optional(path, "/"),
    path_type: v.optional(PathType, "Prefix"),
    service: name,
    namespace: v.optional(name, "default"),
    ingress_name: v.optional(name, ""),
    port,
    tls: v.optional(v.boolean(), false),
    annotations: v.optional(v.record(v.string(), v.string()), {}),
    /** http by default; tcp asks for a public port; passthrough for the TLS port by SNI. */
    kind: v.optional(v.picklist(["http", "tcp", "passthrough"]), "http"),
    /** tcp only: the public port wanted, out of the gateway's range; absent lets the gateway choose. */
    public_port: v.optional(port),
    match: v.optional(Match, { headers: [], query: [] }),
    /** How the agent speaks to the service. */
    protocol: v.optional(BackendProtocol, "http"),
    /** More than one weighted backend; absent means service, namespace and port above. */
    backends: v.optional(v.pipe(v.array(Backend), v.minLength(1), v.maxLength(16))),
    policy: v.optional(Policy, {}),
    filters: v.optional(Filters),
    /** An Ingress controller answers, and finds the path anew. */
    controller: v.optional(Controller),
    /** Absent: through the tunnel. */
    mode: v.optional(Mode),
    /** The cluster's public endpoint, for `direct` and `both`. */
    endpoint: v.optional(Endpoint),
    /** Epoch milliseconds of the object's creation: of two equal matches the older one serves. */
    age: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
  v.check(
    (route) => route.kind === "tcp" || route.host !== "",
    "an http or passthrough route needs a host",
  ),
  v.check(
    ({ mode = "tunnel", endpoint, kind }) =>
      mode === "tunnel" || (endpoint !== undefined && kind === "http"),
    'mode "direct" and "both" need an endpoint, and an http route',
  ),
  v.check(
    ({ filters, path_type }) =>
      filters === undefined || path_type !== "Exact" || !replacesPrefix(filters),
    "an Exact path has no prefix to replace",
  ),
  v.check(
    ({ filters, kind }) => filters === undefined || kind === "http",
    "only an http route has filters",
  ),
  // A key travels in every opening, beside the head and within its limit.
  v.check((route) => routeKey(route).length <= MOST_KEY_CHARS, "the match is too long"),
);
export type Route = v.InferOutput<typeof Route>;
/** What a sender writes: defaults may be left out. */
export type RouteInput = v.InferInput<typeof Route>;

/** The weighted backends of a route; the index into this list travels in an opening. */
export function backendsOf(route: Route): readonly Backend[] {
  return (
    route.backends ?? [
      { service: route.service, namespace: route.namespace, port: route.port, weight: 1 },
    ]
  );
}

/** What identifies a route. */
interface Identity {
  namespace: string;
  ingress_name: string;
  service: string;
  port: number;
  host: string;
  path: string;
  path_type: string;
  kind: string;
  match: Match;
  public_port?: number | undefined;
}

/**
 * Identity of a route within its cluster, in visible ASCII: (namespace, ingress, host, path, path
 * type), and the match where there is one. The same Service behind two Ingresses makes two routes. A
 * tcp route is the public port that it asks for, else the service port that it leads to.
 */
export function routeKey(route: Identity): string {
  const { method, headers, query, scheme } = route.match;
  const plain =
    method === undefined && scheme === undefined && headers.length === 0 && query.length === 0;
  const match = plain ? "" : ` ${encodeURIComponent(JSON.stringify(route.match))}`;
  const place = route.kind === "tcp" ? `tcp:${tcpPlace(route)}` : route.host;
  const kind = route.kind === "passthrough" ? "tls:" : "";
  return `${route.namespace}/${route.ingress_name || route.service} ${kind}${place} ${route.path_type} ${route.path}${match}`;
}

function tcpPlace({ public_port, service, port }: Identity): string {
  return public_port === undefined ? `${service}:${port}` : String(public_port);
}
