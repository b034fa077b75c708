import type { ErrorCode, Kind, Policy, Rate, Route } from "@warren/wire";
import type { Stream, StreamOwner } from "@warren/tunnel";
import type { RouteFilters } from "./filters/route-filters.ts";

/** One cluster's offer to serve a (host, path). */
export interface RouteEntry {
  clusterUuid: string;
  /** Claim group of the token that published it. */
  group: string;
  /** `routeKey(route)`. */
  key: string;
  route: Route;
  revision: number;
  /** Epoch milliseconds. */
  updatedAt: number;
  /** tcp routes: the public port that it got. */
  publicPort: number | undefined;
}

/** A published route as a request finds it: ready to use, shared by all requests. */
export interface Matched {
  /** All clusters' entries for this (host, path, match), in publication order; at least one. */
  readonly entries: readonly RouteEntry[];
  /** The host pattern that matched: `a.b`, `*.b`, `**.b`. */
  readonly host: string;
  /** Of the first entry, as `filters`. */
  readonly policy: Policy;
  readonly filters: RouteFilters | undefined;
}

/** What matching needs to know of a request. */
export interface RouteQuestion {
  /** Lower case, without port. */
  host: string;
  method: string;
  /** Raw request target in origin-form: path and query. */
  target: string;
  /** First value of a request field by lower-case name. Called only if a route matches on fields. */
  field(name: string): string | undefined;
  /** The request left its client encrypted. Read only if a route matches on the scheme. */
  readonly secure: boolean;
}

/** A request as it came. */
export interface Asked extends Pick<RouteQuestion, "host" | "field"> {
  /** All values of a field, by commas. */
  everyField(name: string): string | undefined;
}

export type RouteAnswer = { found: Matched } | { refused: ErrorCode; message: string };

/** Where routes, claims, tunnels and revocations are known: memory, or Redis shared by gateways. */
export interface Registry {
  /**
   * Synchronous when the host is in the bounded copy in memory (the hot path allocates nothing but
   * the answer), a promise otherwise. Unknown hosts are remembered for 2 s.
   */
  lookup(question: RouteQuestion): RouteAnswer | Promise<RouteAnswer>;
  /** As `lookup`, for a connection on the TLS port by its SNI: finds passthrough routes only. */
  lookupServerName(host: string): RouteAnswer | Promise<RouteAnswer>;
  /** As `lookup`, for a connection on a public TCP port. */
  lookupPort(port: number): RouteAnswer | Promise<RouteAnswer>;
  /** Public ports that have a tcp route, in order: where every gateway listens. */
  publicPorts(): Promise<number[]>;
  /** Hears, without detail, that `publicPorts` may have changed. Returns a function that ends it. */
  onPublicPorts(heard: () => void): () => void;
  /** Applies one message of a cluster; answers per route. Idempotent; an older revision is refused. */
  apply(change: RouteChange): Promise<RouteVerdict>;
  /** Renews the life of a cluster's routes (a heartbeat). Returns how many are published. */
  renew(clusterUuid: string): Promise<number>;
  /** The revision of a cluster's routes that is in force; null: none; undefined: not known now. */
  revision(clusterUuid: string): Promise<number | null | undefined>;
  /**
   * Marks a cluster's routes offline at once, or back online: they stay, and answer 503. This is
   * this gateway's word: a cluster is online while any live gateway says so. `isPublic`: what its
   * agents say here of how the internet reaches it; left out, what they said before stays.
   */
  setOnline(clusterUuid: string, online: boolean, isPublic?: boolean): Promise<void>;
  /** Whether a cluster is online, out of memory; undefined for one never heard of. */
  presence(clusterUuid: string): Presence | undefined;
  /** Every route, for `/routes`, page by page in host order. */
  routes(page: { after: string | undefined; limit: number }): Promise<RouteEntry[]>;
  claims(): Promise<Claim[]>;
  /** The claim that decides for a host, as far as it is known; undefined for one that nobody has. */
  claimOf(host: string): ClaimedHost | undefined | Promise<ClaimedHost | undefined>;
  /** Gives a claim up; its group may be another's afterwards. False when there was none. */
  release(host: string): Promise<boolean>;
  /**
   * Gives up the claims that have no routes, and counts them: those where a cluster had the last route,
   * or all but what went with a cluster within a day.
   */
  releaseUnused(clusterUuid: string | undefined): Promise<number>;
  /** Which gateway owns a tunnel, or a cluster's tunnels. */
  readonly directory: Directory;
  /** Token ids that no longer count. */
  readonly revocations: Revocations;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Presence {
  online: boolean;
  /** Epoch milliseconds of the last change. */
  since: number;
  /** The internet reaches it without a tunnel, as its agents say; absent: none has said. */
  isPublic?: boolean | undefined;
}

export interface RouteChange {
  clusterUuid: string;
  group: string;
  /** The token in force: claims made under it end when it is revoked, unless another renewed them. */
  tokenId: string;
  /** Host patterns that the token allows. */
  allowed: readonly string[];
  tcpAllowed: boolean;
  /** Hosts that are its own no further than to shut them: below a wildcard that it has proved. Absent for none. */
  isBorrowed?: (host: string) => boolean;
  action: "add" | "update" | "delete" | "sync";
  revision: number | undefined;
  /** Already validated, one by one. */
  routes: readonly Route[];
}

export interface RouteVerdict {
  accepted: number;
  rejected: { host: string; path: string; code: ErrorCode; message: string }[];
  /** The cluster's revision in force; after `stale_revision`, what a sender must go beyond. */
  revision: number | undefined;
  /** tcp routes: the public port that each got, by route key. */
  ports: Record<string, number>;
}

/** A host belongs to a claim group until released or its token is revoked; it outlives routes. */
export interface Claim {
  /** A host pattern, or `tcp:PORT` for a public port. */
  host: string;
  group: string;
  clusterUuid: string;
  /** The token that last published routes for it. */
  tokenId: string;
  /** Epoch milliseconds. */
  since: number;
  /** Only to shut it: it gives way to any group to which the host is more than borrowed. */
  borrowed?: true;
}

/** Whose a host is. */
export interface ClaimedHost {
  /** The claim's pattern: the host itself, or a wildcard that covers it. */
  pattern: string;
  group: string;
  /** Some cluster publishes an HTTP route there that lets somebody in. */
  served: boolean;
  /** As in the claim. */
  borrowed?: true;
  /** The group's claim of the very host, where it has no routes and a wildcard of the group's answers instead. */
  unused?: Pick<Claim, "borrowed">;
}

/** A tunnel as other gateways see it. */
export interface TunnelPlace {
  tunnelId: string;
  clusterUuid: string;
  agentId: string;
  gatewayId: string;
  /** Where the owner's listener for gateways answers, `ws(s)://host:port`. */
  peerUrl: string;
  /** Limits of the token behind the tunnel: whichever gateway takes a request applies them. */
  rates: Pick<LimitRates, "cluster" | "client">;
  /** The agent's label `weight`; absent: 1. */
  weight?: number;
  /** It finishes what it has; nothing new is sent there. */
  leaving?: boolean;
  /** It does not know yet what its cluster publishes: asked only where nobody else is. */
  unready?: boolean;
}

/** A gateway as agents and other gateways see it. */
export interface GatewayPlace {
  gatewayId: string;
  /** For agents: `ws(s)://host:port`. */
  agentUrl: string;
  peerUrl: string;
}

export interface Directory {
  announceGateway(place: GatewayPlace): Promise<void>;
  withdrawGateway(gatewayId: string): Promise<void>;
  gateways(): Promise<GatewayPlace[]>;
  announceTunnel(place: TunnelPlace): Promise<void>;
  withdrawTunnel(tunnelId: string): Promise<void>;
  /** Rejects when it is not known here and the others cannot be asked now. */
  tunnel(tunnelId: string): Promise<TunnelPlace | undefined>;
  /** Tunnels of a cluster; synchronous when known. */
  tunnelsOf(clusterUuid: string): readonly TunnelPlace[] | Promise<readonly TunnelPlace[]>;
}

export interface Revocations {
  revoke(tokenId: string): Promise<void>;
  isRevoked(tokenId: string): Promise<boolean>;
  /** Hears of every revocation, also those made by other gateways, within 5 s. */
  onRevoked(heard: (tokenId: string) => void): () => void;
  list(): Promise<string[]>;
}

/** Who connects, as far as limits, affinity, headers and logs go. */
export interface ClientAddress {
  /** Textual IP, IPv4-mapped IPv6 written as IPv4. */
  address: string;
  port: number;
  /** The gateway's own side of the connection. */
  localAddress: string;
  localPort: number;
}

/** A stream to open towards some agent of some cluster. */
export interface Errand {
  kind: Kind;
  matched: Matched;
  client: ClientAddress;
  /** The request as its client said it, whatever a route makes of it; undefined for a connection. */
  asked: Asked | undefined;
  /** The affinity cookie's value, if the request had one. */
  sticky: string | undefined;
  /** Who is to come to the same backend each time: an address, or a name; undefined without affinity. */
  staying: string | undefined;
  /** Head as latin-1 text, without the opening's header. */
  head: string;
  /** True when no body follows. */
  ended: boolean;
  owner: StreamOwner;
  /** What became of it so far, kept by `moveOn`; absent before it was refused. */
  moved?: Moved;
}

/** An errand on its way from one agent to another. */
export interface Moved {
  /** Monotonic milliseconds: the wait for an agent counts from here, however often it moves. */
  sinceMs: number;
  /** `agentKey` of those that refused it unread: not asked again while there are others. */
  refusedBy: string[];
}

/** Where a stream went. */
export interface Opened {
  stream: Stream;
  clusterUuid: string;
  agentId: string;
  /** Undefined when the tunnel is this gateway's own. */
  viaGateway: string | undefined;
  /** Over another gateway: whether the agent is away from there. */
  isAway: (() => boolean) | undefined;
  /** A new affinity cookie to set, if the route wants one and the client had none that holds. */
  setSticky: string | undefined;
  entry: RouteEntry;
}

/**
 * Chooses the cluster (fleet), the gateway, the agent and the backend, and opens the stream.
 * Synchronous when a live tunnel is at hand. Waits up to 5 s for a flapping one. Rejects or throws
 * a WireError: `cluster_reconnecting`, `cluster_offline`, `overloaded`.
 */
export interface Dispatch {
  open(errand: Errand): Opened | Promise<Opened>;
}

/** Token buckets. Returns 0 when the request may go, else milliseconds until it might. */
export interface Limits {
  take(key: { clusterUuid: string; routeKey: string; address: string }, rates: LimitRates): number;
}
export interface LimitRates {
  cluster: Rate | undefined;
  client: Rate | undefined;
  route: Rate | undefined;
}
