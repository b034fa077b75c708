import type { RedisPlace } from "@warren/host/redis-link";
import type { Clock, Random } from "@warren/tunnel";
import type {
  Claim,
  ClaimedHost,
  Presence,
  Registry,
  RouteAnswer,
  RouteChange,
  RouteEntry,
  RouteQuestion,
  RouteVerdict,
} from "../../ports.ts";
import { portOfPlace, portPlace } from "../../routes/host-pattern.ts";
import { NO_ROUTE } from "../../routes/host-table.ts";
import type { PortRange } from "../admission.ts";
import { Listeners } from "../listeners.ts";
import type { Quotas } from "../quotas.ts";
import { ClusterIndex } from "./cluster-index.ts";
import { GroupClaims } from "./group-claims.ts";
import { HostLookup, type Decision } from "./host-lookup.ts";
import { KEYS } from "./keys.ts";
import { OwnRoutes } from "./own-routes.ts";
import { PlaceCopies } from "./place-copies.ts";
import type { PlaceRecord } from "./place-record.ts";
import { PlaceWriter } from "./place-writer.ts";
import { Presences } from "./presences.ts";
import { Publisher } from "./publisher.ts";
import { RedisDirectory } from "./redis-directory.ts";
import { Releases } from "./releases.ts";
import { RegistryLink } from "./registry-link.ts";
import { RedisRevocations } from "./redis-revocations.ts";
import { VersionWatch, type Change } from "./version-watch.ts";

export interface RedisRegistryOptions {
  place: RedisPlace;
  gatewayId: string;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  random: Random;
  /** A fresh unguessable id each time. */
  newId: () => string;
  ports: PortRange | undefined;
  quotas: Quotas;
  /** Life of routes without a heartbeat: 300,000. */
  ttlMs: number;
  /** Life of a gateway's and a tunnel's entry without renewal: 30,000. */
  directoryTtlMs: number;
  /** Deadline of a command that a request waits for: 100. */
  commandMs: number;
  /** How often the version is checked: 5,000. */
  checkMs: number;
  /** How long an unknown host is remembered: 2,000. */
  unknownMs: number;
  /** Routes held in memory at most: 200,000. */
  mostRoutes: number;
  /** What went wrong with Redis, for the log: the connection, or a write that will be tried again. */
  failed: (cause: unknown) => void;
  /** Redis answered a command: said each time, so that what was away is known to be back. */
  answered: () => void;
}

export const REDIS_REGISTRY_DEFAULTS = {
  ttlMs: 300_000,
  directoryTtlMs: 30_000,
  commandMs: 100,
  checkMs: 5_000,
  unknownMs: 2_000,
  mostRoutes: 200_000,
} as const;

const AWAY: RouteAnswer = {
  refused: "overloaded",
  message: "the registry is away and this host is not known here",
};
/** Places read at once when all of them are gone through. */
const PAGE = 200;
/** A copy is read again after this long even if nothing changed, as long as no more than a life. */
const FRESH_MS = 30_000;

/**
 * A registry that gateways share. It starts without waiting for Redis and outlives it: what is known
 * goes on, what is new waits.
 */
export function startRedisRegistry(options: RedisRegistryOptions): Registry {
  return new RedisRegistry(options);
}

class RedisRegistry implements Registry {
  readonly directory: RedisDirectory;
  readonly revocations: RedisRevocations;
  readonly #options: RedisRegistryOptions;
  readonly #link: RegistryLink;
  readonly #watch: VersionWatch;
  readonly #copies: PlaceCopies;
  readonly #own: OwnRoutes;
  readonly #writer: PlaceWriter;
  readonly #releases: Releases;
  readonly #publisher: Publisher;
  readonly #presences: Presences;
  readonly #lookup: HostLookup;
  readonly #portsHeard = new Listeners<void>();
  #renewedAt = -Infinity;

  constructor(options: RedisRegistryOptions) {
    this.#options = options;
    const { ttlMs, clock, wallClock, gatewayId, commandMs, checkMs } = options;
    // A batch of writes queues behind itself, and no request waits for it.
    const writeMs = commandMs * 10;
    const freshMs = Math.min(FRESH_MS, ttlMs / 2);
    const link = (this.#link = new RegistryLink(options));
    const watch = (this.#watch = new VersionWatch({
      link,
      clock,
      gatewayId,
      commandMs: writeMs,
      checkMs,
      newEpoch: options.newId,
      changed: (change) => this.#heard(change),
      missed: () => this.#missed(),
      arrived: () => this.#arrived(),
      emptied: () => this.#rewrite(),
      checked: () => this.#checked(),
    }));
    const copies = (this.#copies = new PlaceCopies({ ...options, freshMs }));
    const own = (this.#own = new OwnRoutes());
    const writer = (this.#writer = new PlaceWriter({ link, copies, ttlMs, writeMs, wallClock }));
    const now = () => clock.now();
    const { ports, quotas, failed } = options;
    const index = new ClusterIndex({ link, quotas, ttlMs, writeMs });
    const parts = { link, watch, writer, own, index, quotas, wallClock, now };
    const releases = (this.#releases = new Releases({
      ...parts,
      spare: () => claims.spare,
      places: () => this.#places(undefined),
    }));
    const giveUp = releases.giveUp.bind(releases);
    const claims = new GroupClaims({ ...parts, writeMs, ttlMs, giveUp });
    const portsChanged = () => this.#portsHeard.tell();
    const written = { ...parts, copies, claims, ports, ttlMs, portsChanged, failed };
    this.#publisher = new Publisher(written);
    const lives = { link, watch, clock, commandMs, writeMs, ttlMs: options.directoryTtlMs };
    this.#presences = new Presences({ ...lives, gatewayId, wallClock });
    this.directory = new RedisDirectory(lives);
    const releaseClaims = releases.ofToken.bind(releases);
    this.revocations = new RedisRevocations({ link, watch, writeMs, releaseClaims });
    this.#lookup = new HostLookup({ ...options, link, watch, copies, own, freshMs });
    link.start({
      channel: KEYS.changes,
      heard: (message) => watch.receive(message),
      connected: () => watch.check(),
    });
    watch.start();
  }

  lookup(question: RouteQuestion): RouteAnswer | Promise<RouteAnswer> {
    const decided = this.#lookup.find(question.host);
    if (!(decided instanceof Promise)) return answer(decided, question);
    return decided.then((later) => answer(later, question));
  }

  lookupServerName(host: string): RouteAnswer | Promise<RouteAnswer> {
    const decided = this.#lookup.find(host);
    return decided instanceof Promise ? decided.then(direct) : direct(decided);
  }

  lookupPort(port: number): RouteAnswer | Promise<RouteAnswer> {
    return this.lookupServerName(portPlace(port));
  }

  async publicPorts(): Promise<number[]> {
    const { ports } = this.#options;
    if (ports === undefined) return [];
    const known = await this.#knownPorts(ports);
    const answers = await Promise.all(known.map(async (port) => this.lookupPort(port)));
    return known.filter((_, at) => "found" in answers[at]!).toSorted((a, b) => a - b);
  }

  onPublicPorts(heard: () => void): () => void {
    return this.#portsHeard.add(heard);
  }

  apply(change: RouteChange): Promise<RouteVerdict> {
    return this.#publisher.apply(change);
  }

  renew(clusterUuid: string): Promise<number> {
    return this.#publisher.renew(clusterUuid);
  }

  revision(clusterUuid: string): Promise<number | null | undefined> {
    return this.#publisher.revision(clusterUuid);
  }

  setOnline(clusterUuid: string, online: boolean, isPublic?: boolean): Promise<void> {
    return this.#presences.set(clusterUuid, online, isPublic);
  }

  presence(clusterUuid: string): Presence | undefined {
    return this.#presences.get(clusterUuid);
  }

  async routes(page: { after: string | undefined; limit: number }): Promise<RouteEntry[]> {
    const found: RouteEntry[] = [];
    for await (const { entries } of this.#places(page.after)) {
      if (found.length >= page.limit) break;
      found.push(...entries);
    }
    return found;
  }

  async claims(): Promise<Claim[]> {
    const claims: Claim[] = [];
    for await (const { claim } of this.#places(undefined)) {
      if (claim !== undefined) claims.push(claim);
    }
    return claims;
  }

  claimOf(host: string): ClaimedHost | undefined | Promise<ClaimedHost | undefined> {
    const decided = this.#lookup.find(host);
    return decided instanceof Promise
      ? decided.then((later) => this.#claimed(host, later))
      : this.#claimed(host, decided);
  }

  /** Undefined also for own routes whose claim Redis has not confirmed. */
  #claimed(host: string, decided: Decision): ClaimedHost | undefined {
    if (typeof decided === "string") return undefined;
    const { pattern, isOpen: served } = decided;
    const copy = this.#copies.get(pattern);
    if (copy === undefined) return undefined;
    const { group, borrowed } = copy;
    const said = { pattern, group, served, ...(borrowed && { borrowed }) };
    const exact = this.#copies.get(host);
    if (exact === undefined || exact === copy) return said;
    return { ...said, unused: exact.borrowed === undefined ? {} : { borrowed: true } };
  }

  release(host: string): Promise<boolean> {
    return this.#releases.release(host);
  }

  releaseUnused(clusterUuid: string | undefined): Promise<number> {
    return this.#releases.unused(clusterUuid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.close();
    await this.#link[Symbol.asyncDispose]();
  }

  /** Every place in order, read a page at a time. */
  async *#places(after: string | undefined): AsyncGenerator<PlaceRecord> {
    const writeMs = this.#options.commandMs * 10;
    for (let from = after === undefined ? "-" : `(${after}`; ;) {
      const args = ["ZRANGEBYLEX", KEYS.places, from, "+", "LIMIT", "0", String(PAGE)];
      const names = (await this.#link.command(KEYS.places, args, writeMs)) as string[];
      yield* await Promise.all(names.map((place) => this.#writer.read(place)));
      if (names.length < PAGE) return;
      from = `(${names.at(-1)!}`;
    }
  }

  async #knownPorts({ from, to }: PortRange): Promise<number[]> {
    const ports = new Set<number>();
    for (const own of this.#own.clusters.values()) {
      for (const place of own.places.keys()) ports.add(portOfPlace(place) ?? 0);
    }
    try {
      const { commandMs } = this.#options;
      const names = await this.#link.command(KEYS.ports, ["HKEYS", KEYS.ports], commandMs);
      for (const port of names as string[]) ports.add(Number(port));
    } catch {
      // While Redis is away: the own ones, and those that memory has.
      for (let port = from; port <= to; port += 1) {
        if (this.#copies.get(portPlace(port)) !== undefined) ports.add(port);
      }
    }
    return [...ports].filter((port) => port >= from && port <= to);
  }

  #heard({ places, tunnels, online, revoked }: Change): void {
    for (const place of places ?? []) this.#lookup.doubt(place);
    if (tunnels !== undefined) this.directory.doubt(tunnels);
    if (online !== undefined) this.#presences.hear(online);
    if (revoked !== undefined) this.revocations.hear(revoked);
    if (places?.some((place) => portOfPlace(place) !== undefined)) this.#portsHeard.tell();
  }

  #missed(): void {
    this.#copies.generation += 1;
    this.directory.doubtAll();
    this.#renewedAt = -Infinity;
    this.#portsHeard.tell();
    quietly(this.revocations.refresh());
  }

  /** Redis is there: whatever it was told meanwhile is unknown here. */
  #arrived(): void {
    this.#missed();
    for (const own of this.#own.clusters.values()) {
      if (own.dirty) quietly(this.#publisher.rewrite(own));
    }
  }

  #rewrite(): void {
    this.#copies.lost();
    this.#renewedAt = -Infinity;
    quietly(this.revocations.refresh());
    for (const own of this.#own.clusters.values()) quietly(this.#publisher.rewrite(own));
  }

  #checked(): void {
    const { clock, ttlMs, directoryTtlMs } = this.#options;
    const now = clock.now();
    this.#own.sweep(now - ttlMs);
    for (const own of this.#own.clusters.values()) {
      if (own.dirty) quietly(this.#publisher.rewrite(own));
    }
    // While others write again what was lost, it is looked at with every check.
    if (!this.#watch.isRecovering && now - this.#renewedAt < directoryTtlMs / 3) return;
    this.#renewedAt = now;
    quietly(Promise.all([this.directory.renew(), this.#presences.renew()]));
  }
}

function answer(decided: Decision, question: RouteQuestion): RouteAnswer {
  if (decided === "none") return NO_ROUTE;
  return decided === "away" ? AWAY : decided.answer(question);
}

function direct(decided: Decision): RouteAnswer {
  if (decided === "none") return NO_ROUTE;
  return decided === "away" ? AWAY : decided.direct();
}

/** Background work whose failure the link has said and the next check makes good. */
function quietly(work: Promise<unknown>): void {
  work.catch(() => undefined);
}
