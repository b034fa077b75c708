import type { Clock } from "@warren/tunnel";
import { routeKey } from "@warren/wire";
import type {
  Claim,
  ClaimedHost,
  Directory,
  Presence,
  Registry,
  Revocations,
  RouteAnswer,
  RouteChange,
  RouteEntry,
  RouteQuestion,
  RouteVerdict,
} from "../ports.ts";
import { candidatesOf, portPlace } from "../routes/host-pattern.ts";
import { NO_ROUTE, type HostTable } from "../routes/host-table.ts";
import {
  emptyVerdict,
  NO_ROOM,
  permitted,
  reject,
  staleVerdict,
  type Offer,
  type PortRange,
  type Refusal,
} from "./admission.ts";
import { Listeners } from "./listeners.ts";
import { MemoryClaims, type ClaimedPlace, type KeptClaim } from "./memory-claims.ts";
import { memoryCluster, refusedOf, type Cluster, type Published } from "./memory-cluster.ts";
import { memoryDirectory } from "./memory-directory.ts";
import { count, type Quotas } from "./quotas.ts";

/** What must outlive a restart of a lone gateway: routes come back from the agents, these do not. */
export interface Kept {
  claims: KeptClaim[];
  revoked: string[];
  /** Public ports that were chosen, by cluster and route key. */
  ports: [owner: string, port: number][];
}

export interface MemoryRegistryOptions {
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** Life of routes without a heartbeat. */
  ttlMs: number;
  /** Public TCP ports; undefined gives out none. */
  ports: PortRange | undefined;
  quotas: Quotas;
  kept: Kept | undefined;
  /** Called after each change of what is to be kept. */
  keep: ((kept: Kept) => void) | undefined;
}

/** The registry of a single gateway: everything is known here, every look-up is synchronous. */
export function memoryRegistry(options: MemoryRegistryOptions): Registry {
  return new MemoryRegistry(options);
}

class MemoryRegistry implements Registry {
  readonly directory: Directory = memoryDirectory();
  readonly revocations: Revocations;
  readonly #options: MemoryRegistryOptions;
  readonly #claims: MemoryClaims;
  readonly #clusters = new Map<string, Cluster>();
  readonly #revoked: Set<string>;
  readonly #revocationHeard = new Listeners<string>();
  readonly #portsHeard = new Listeners<void>();
  readonly #timers = new Map<string, () => void>();

  constructor(options: MemoryRegistryOptions) {
    this.#options = options;
    this.#claims = new MemoryClaims(options);
    for (const claim of options.kept?.claims ?? []) this.#claims.restore(claim);
    for (const [owner, port] of options.kept?.ports ?? [])
      this.#claims.chosenPorts.set(owner, port);
    this.#revoked = new Set(options.kept?.revoked);
    this.revocations = {
      revoke: async (tokenId) => this.#revoke(tokenId),
      isRevoked: async (tokenId) => this.#revoked.has(tokenId),
      onRevoked: (heard) => this.#revocationHeard.add(heard),
      list: async () => [...this.#revoked],
    };
  }

  lookup(question: RouteQuestion): RouteAnswer {
    return this.#tableOf(question.host)?.answer(question) ?? NO_ROUTE;
  }

  lookupServerName(host: string): RouteAnswer {
    return this.#tableOf(host)?.direct() ?? NO_ROUTE;
  }

  lookupPort(port: number): RouteAnswer {
    return this.#claims.places.get(portPlace(port))?.table.direct() ?? NO_ROUTE;
  }

  async publicPorts(): Promise<number[]> {
    const { from, to } = this.#options.ports ?? { from: 1, to: 0 };
    const used: number[] = [];
    for (let port = from; port <= to; port += 1) {
      if ((this.#claims.places.get(portPlace(port))?.entries.size ?? 0) > 0) used.push(port);
    }
    return used;
  }

  onPublicPorts(heard: () => void): () => void {
    return this.#portsHeard.add(heard);
  }

  async apply(change: RouteChange): Promise<RouteVerdict> {
    const cluster = this.#clusterOf(change.clusterUuid);
    const { revision = cluster.revision } = change;
    if (revision !== undefined && revision < (cluster.revision ?? 0)) {
      return staleVerdict(change, cluster.revision!);
    }
    cluster.revision = revision;
    this.#extend(cluster);
    const verdict = emptyVerdict(revision);
    if (change.action === "delete") this.#delete(cluster, change, verdict);
    else this.#publish(cluster, change, verdict);
    this.#keep();
    return verdict;
  }

  async renew(clusterUuid: string): Promise<number> {
    const cluster = this.#clusters.get(clusterUuid);
    if (cluster === undefined) return 0;
    this.#extend(cluster);
    return cluster.routes.size;
  }

  async revision(clusterUuid: string): Promise<number | null> {
    return this.#clusters.get(clusterUuid)?.revision ?? null;
  }

  async setOnline(clusterUuid: string, online: boolean, isPublic?: boolean): Promise<void> {
    const cluster = this.#clusterOf(clusterUuid);
    const before = cluster.presence;
    const since = before.online === online ? before.since : this.#options.wallClock();
    cluster.presence = { online, since, isPublic: isPublic ?? before.isPublic };
  }

  presence(clusterUuid: string): Presence | undefined {
    return this.#clusters.get(clusterUuid)?.presence;
  }

  async routes(page: { after: string | undefined; limit: number }): Promise<RouteEntry[]> {
    const hosts = [...this.#claims.places.keys()].toSorted();
    const found: RouteEntry[] = [];
    for (const host of hosts) {
      if (page.after !== undefined && host <= page.after) continue;
      if (found.length >= page.limit) break;
      found.push(...this.#claims.places.get(host)!.entries);
    }
    return found;
  }

  async claims(): Promise<Claim[]> {
    const claims = [...this.#claims.places.values()].map(({ claim }) => claim);
    return claims.toSorted((a, b) => (a.host < b.host ? -1 : 1));
  }

  async release(host: string): Promise<boolean> {
    const released = this.#release(host);
    if (released) this.#keep();
    return released;
  }

  async releaseUnused(clusterUuid: string | undefined): Promise<number> {
    const unused = this.#claims.unused(clusterUuid);
    for (const host of unused) this.#claims.drop(host);
    this.#keep();
    return unused.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const forget of this.#timers.values()) forget();
    this.#timers.clear();
  }

  claimOf(host: string): ClaimedHost | undefined {
    const place = this.#placeOf(host);
    if (place === undefined) return undefined;
    const { claim, table } = place;
    const { host: pattern, group, borrowed } = claim;
    const said = { pattern, group, served: table.isOpen, ...(borrowed && { borrowed }) };
    const exact = this.#claims.places.get(host);
    return exact === undefined || exact === place
      ? said
      : { ...said, unused: exact.claim.borrowed ? { borrowed: true } : {} };
  }

  #tableOf(host: string): HostTable | undefined {
    return this.#placeOf(host)?.table;
  }

  /** The most specific claimed pattern decides. Without any routes it gives way to its own group's next one (0444). */
  #placeOf(host: string): ClaimedPlace | undefined {
    const { places } = this.#claims;
    const exact = places.get(host);
    if (exact !== undefined && exact.entries.size > 0) return exact;
    let bare: ClaimedPlace | undefined;
    for (const candidate of candidatesOf(host)) {
      const place = places.get(candidate);
      if (place === undefined) continue;
      if (bare !== undefined && place.claim.group !== bare.claim.group) break;
      if (place.entries.size > 0) return place;
      bare ??= place;
    }
    return bare;
  }

  #publish(cluster: Cluster, change: RouteChange, verdict: RouteVerdict): void {
    const offers = permitted(change, this.#options, verdict);
    const refused = refusedOf(cluster, { ...change, offers }, this.#options.quotas);
    const kept = new Set<string>();
    for (const offer of offers) {
      const why = refused.has(offer) ? NO_ROOM : this.#put(cluster, change, offer, verdict);
      if (why !== undefined) reject(verdict, offer.route, why);
      else kept.add(offer.key);
    }
    verdict.accepted = kept.size;
    if (change.action !== "sync") return;
    for (const key of cluster.routes.keys()) if (!kept.has(key)) this.#remove(cluster, key, true);
  }

  #put(
    cluster: Cluster,
    change: RouteChange,
    offer: Offer,
    verdict: RouteVerdict,
  ): Refusal | undefined {
    const { wallClock } = this.#options;
    const { key, route } = offer;
    const port = route.kind === "tcp" ? this.#portOf(change, offer) : undefined;
    if (typeof port === "object") return port;
    const where = port === undefined ? route.host : portPlace(port);
    if (this.#claims.givesWay(where, change)) this.#release(where);
    const place = this.#claims.take(where, change, wallClock());
    if ("code" in place) return place;
    if (port !== undefined) verdict.ports[key] = port;
    const before = cluster.routes.get(key);
    if (before?.offer.text === offer.text && before.place === place) return undefined;
    const entry: RouteEntry = {
      clusterUuid: cluster.uuid,
      group: change.group,
      key,
      route,
      revision: cluster.revision ?? 0,
      updatedAt: wallClock(),
      publicPort: port,
    };
    this.#replace(cluster, before, { place, entry, offer });
    if (before?.offer.isShut === true) count(cluster.shut, before.offer, -1);
    if (offer.isShut) count(cluster.shut, offer, 1);
    return undefined;
  }

  #replace(cluster: Cluster, before: Published | undefined, next: Published): void {
    const { place, entry, offer } = next;
    const isHere = before?.place === place;
    this.#claims.use(place, entry);
    if (before !== undefined) this.#claims.leave(before.place, before.entry, true);
    if (!isHere) before?.place.table.remove(before.entry);
    place.table.put(entry, isHere ? before.entry : undefined);
    cluster.routes.set(entry.key, next);
    cluster.bytes += offer.bytes - (before?.offer.bytes ?? 0);
    if (before === undefined && entry.publicPort !== undefined) this.#portsHeard.tell();
  }

  #portOf({ clusterUuid, group }: RouteChange, { key, route }: Offer): number | Refusal {
    if (route.public_port !== undefined) return route.public_port;
    return this.#claims.choosePort(`${clusterUuid} ${key}`, group, this.#options.ports!);
  }

  #delete(cluster: Cluster, change: RouteChange, verdict: RouteVerdict): void {
    for (const route of change.routes) this.#remove(cluster, routeKey(route), true);
    verdict.accepted = change.routes.length;
  }

  #remove(cluster: Cluster, key: string, withdrawn: boolean): void {
    const published = cluster.routes.get(key);
    if (published === undefined) return;
    cluster.routes.delete(key);
    cluster.bytes -= published.offer.bytes;
    if (published.offer.isShut) count(cluster.shut, published.offer, -1);
    this.#claims.leave(published.place, published.entry, withdrawn);
    published.place.table.remove(published.entry);
    if (published.entry.publicPort !== undefined) this.#portsHeard.tell();
  }

  #release(host: string): boolean {
    const place = this.#claims.places.get(host);
    if (place === undefined) return false;
    for (const { clusterUuid, key } of place.entries) {
      this.#remove(this.#clusters.get(clusterUuid)!, key, true);
    }
    this.#claims.drop(host);
    return true;
  }

  #revoke(tokenId: string): void {
    if (this.#revoked.has(tokenId)) return;
    this.#revoked.add(tokenId);
    for (const { claim, entries } of this.#claims.places.values()) {
      const shared = [...entries].some((entry) => entry.clusterUuid !== claim.clusterUuid);
      if (claim.tokenId === tokenId && !shared) this.#release(claim.host);
    }
    this.#keep();
    this.#revocationHeard.tell(tokenId);
  }

  #clusterOf(uuid: string): Cluster {
    const known = this.#clusters.get(uuid);
    if (known !== undefined) return known;
    const cluster = memoryCluster(uuid, this.#options.wallClock());
    this.#clusters.set(uuid, cluster);
    this.#extend(cluster);
    return cluster;
  }

  /** One timer per cluster, armed again when it fires early, not with each heartbeat. */
  #extend(cluster: Cluster): void {
    cluster.expiresAt = this.#options.clock.now() + this.#options.ttlMs;
    if (!this.#timers.has(cluster.uuid)) this.#arm(cluster);
  }

  #arm(cluster: Cluster): void {
    const left = cluster.expiresAt - this.#options.clock.now();
    const forget = this.#options.clock.after(left, () => {
      this.#timers.delete(cluster.uuid);
      if (cluster.expiresAt > this.#options.clock.now()) this.#arm(cluster);
      else this.#expire(cluster);
    });
    this.#timers.set(cluster.uuid, forget);
  }

  #expire(cluster: Cluster): void {
    for (const key of cluster.routes.keys()) this.#remove(cluster, key, false);
    cluster.revision = undefined;
    if (!cluster.presence.online) this.#clusters.delete(cluster.uuid);
    this.#keep();
  }

  #keep(): void {
    this.#options.keep?.({
      claims: this.#claims.kept(),
      revoked: [...this.#revoked],
      ports: [...this.#claims.chosenPorts],
    });
  }
}
