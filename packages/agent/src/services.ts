import {
  describe as problemsOf,
  Endpoint,
  Filters,
  Mode,
  Policy,
  Route,
  type RouteInput,
} from "@warren/wire";
import * as v from "valibot";
import { DESTINATION_FORMS, parseDestination, type Destination } from "./destination.ts";
import type { Publication } from "./published.ts";
import { createTarget, STRICT_TLS, type Target, type TlsSettings } from "./target.ts";

const text = v.pipe(v.string(), v.nonEmpty());
const destination = v.pipe(
  text,
  v.check((said) => parseDestination(said) !== undefined, `must be ${DESTINATION_FORMS}`),
  v.transform((said) => parseDestination(said) as Destination),
);

/** One entry of a services file, or what `warren expose` was told. Strict: a typo is an error. */
export const Service = v.strictObject({
  /** Public host or pattern; tcp services have none. */
  host: v.optional(v.string(), ""),
  path: v.optional(text, "/"),
  path_type: v.optional(v.picklist(["Exact", "Prefix"]), "Prefix"),
  /** Where requests go: one destination, or several with weights. */
  to: v.union([
    destination,
    v.pipe(
      v.array(v.strictObject({ to: destination, weight: v.optional(v.number(), 1) })),
      v.minLength(1),
    ),
  ]),
  /** Names the service in lists and logs; the host's first label unless said. */
  name: v.optional(text),
  /** The public port wanted, for tcp. */
  public_port: v.optional(v.number()),
  /** Strict here, where a person writes it: a misspelt one would open what it was to close. */
  policy: v.optional(v.strictObject(Policy.entries), {}),
  /** What the gateway changes on requests and answers; strict, as the policy is. */
  filters: v.optional(v.strictObject(Filters.pipe[0].entries)),
  /** How gateways reach it: through the tunnel, at the cluster's own endpoint, or both. */
  mode: v.optional(Mode),
  endpoint: v.optional(v.strictObject(Endpoint.entries)),
  /** How https and h2 services are verified. */
  tls: v.optional(
    v.strictObject({
      ca_file: v.optional(text),
      server_name: v.optional(text),
      insecure: v.optional(v.boolean(), false),
    }),
  ),
});
export type Service = v.InferOutput<typeof Service>;
export type ServiceInput = v.InferInput<typeof Service>;
/** A services file: `[[service]]` tables. */
export const ServicesFile = v.strictObject({ service: v.optional(v.array(Service), []) });

export interface ServicesDeps {
  /** Text of a file named in an entry. May throw: the problem names the file. */
  readFile: (path: string) => string;
  /** What services are verified against where their entry says nothing. */
  tls: TlsSettings;
}

export type ServicesRead =
  | { ok: true; publications: Publication[] }
  | { ok: false; problems: string[] };

/** Reads a services file's document (parsed TOML or JSON); says all that is wrong at once. */
export function readServices(document: unknown, deps: ServicesDeps): ServicesRead {
  const read = v.safeParse(ServicesFile, document);
  if (!read.success) return { ok: false, problems: [problemsOf(read.issues)] };
  const publications: Publication[] = [];
  const problems: string[] = [];
  for (const [index, service] of read.output.service.entries()) {
    const made = publicationOf(service, deps);
    if (typeof made === "string") problems.push(`service.${index}: ${made}`);
    else publications.push(made);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, publications };
}

/** The publication that a service asks for, or what is wrong with it. */
export function publicationOf(service: Service, deps: ServicesDeps): Publication | string {
  const backends = Array.isArray(service.to) ? service.to : [{ to: service.to, weight: 1 }];
  const first = backends[0]!.to;
  const alike = backends.every(
    ({ to }) => to.protocol === first.protocol && to.passthrough === first.passthrough,
  );
  if (!alike) return "all destinations of a service must be spoken to in the same way";
  const tls = tlsOf(service, deps);
  if (typeof tls === "string") return tls;
  const route = v.safeParse(Route, routeOf(service, backends));
  if (!route.success) return problemsOf(route.issues);
  return { route: route.output, targets: backends.map(({ to }) => targetOf(to, service, tls)) };
}

function routeOf(
  service: Service,
  backends: readonly { to: Destination; weight: number }[],
): RouteInput {
  const { protocol, passthrough, port } = backends[0]!.to;
  const tcp = protocol === "tcp";
  // The gateway hears a name and a port number, never an address.
  const name =
    service.name ??
    (service.host.split(".").find((label) => !/^\**$/.test(label)) || `tcp-${port}`);
  const listed = backends.map(({ to, weight }, i) => ({
    service: `${name}-${i}`,
    port: to.port,
    weight,
  }));
  return {
    host: service.host,
    path: service.path,
    path_type: service.path_type,
    service: name,
    port,
    policy: service.policy,
    filters: service.filters,
    mode: service.mode,
    endpoint: service.endpoint,
    kind: passthrough ? "passthrough" : tcp ? "tcp" : "http",
    ...(tcp ? {} : { protocol }),
    ...(service.public_port === undefined ? {} : { public_port: service.public_port }),
    ...(backends.length > 1 ? { backends: listed } : {}),
  };
}

function targetOf(to: Destination, { policy }: Service, tls: TlsSettings): Target {
  const connect = policy.connect_timeout_ms;
  return createTarget({
    host: to.host,
    port: to.port,
    protocol: to.protocol,
    tls,
    proxyProtocol: policy.proxy_protocol,
    ...(connect === undefined ? {} : { connectTimeoutMs: connect }),
  });
}

function tlsOf({ tls }: Service, deps: ServicesDeps): TlsSettings | string {
  if (tls === undefined) return deps.tls;
  try {
    const ca = tls.ca_file === undefined ? deps.tls.ca : deps.readFile(tls.ca_file);
    return { ...STRICT_TLS, ca, serverName: tls.server_name, insecure: tls.insecure };
  } catch (cause) {
    return `tls.ca_file: ${cause instanceof Error ? cause.message : "cannot be read"}`;
  }
}
