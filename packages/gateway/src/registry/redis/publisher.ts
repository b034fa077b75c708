import type { RouteChange, RouteVerdict } from "../../ports.ts";
import { portOfPlace, portPlace } from "../../routes/host-pattern.ts";
import {
  emptyVerdict,
  HOST_TAKEN,
  NO_ROOM,
  offerOf,
  permitted,
  reject,
  STALE,
  staleVerdict,
  type Offer,
  type PortRange,
  type Refusal,
} from "../admission.ts";
import { withoutRoom, type Quotas } from "../quotas.ts";
import { ClusterIndex } from "./cluster-index.ts";
import type { GroupClaims } from "./group-claims.ts";
import {
  addAbsent,
  countOf,
  holdingOf,
  knownPlace,
  NOTHING,
  partOf,
  snapshotOf,
  textOf,
  type OwnCluster,
  type OwnRoutes,
  type PlaceChange,
} from "./own-routes.ts";
import type { PlaceCopies } from "./place-copies.ts";
import type { PlaceWriter, Written } from "./place-writer.ts";
import type { RegistryLink } from "./registry-link.ts";
import type { VersionWatch } from "./version-watch.ts";

export interface PublisherOptions {
  link: RegistryLink;
  watch: VersionWatch;
  writer: PlaceWriter;
  own: OwnRoutes;
  copies: PlaceCopies;
  claims: GroupClaims;
  index: ClusterIndex;
  ports: PortRange | undefined;
  quotas: Quotas;
  ttlMs: number;
  /** Monotonic milliseconds. */
  now: () => number;
  portsChanged: () => void;
  /** A message could not be written, and will be again: for the log. */
  failed: (cause: unknown) => void;
}

const WAITS: Refusal = {
  code: "overloaded",
  message: "the registry is away: a new claim waits until it is back",
};
/** Places written at once: enough to fill a pipeline, few enough not to time out in it. */
const BATCH = 100;

/** Brings the messages of this gateway's clusters into Redis, one after the other per cluster. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #index: ClusterIndex;
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#index = options.index;
  }

  apply(change: RouteChange): Promise<RouteVerdict> {
    return this.#inTurn(change.clusterUuid, async () => {
      const own = this.#options.own.hear(change, this.#options.now());
      if (!this.#options.link.healthy) return this.#applyAway(own, change);
      try {
        return await this.#apply(own, change);
      } catch (cause) {
        this.#options.failed(cause);
        return this.#applyAway(own, change);
      }
    });
  }

  /** Writes a cluster's routes again, as this gateway knows them. */
  rewrite(own: OwnCluster): Promise<void> {
    own.dirty = true;
    return this.#inTurn(own.said.clusterUuid, async () => {
      if (!own.dirty || !this.#options.link.healthy) return;
      try {
        if (own.revision !== undefined || own.places.size > 0) {
          await this.#apply(own, snapshotOf(own));
        }
        own.dirty = false;
      } catch (cause) {
        // Still dirty: the next check tries again.
        this.#options.failed(cause);
      }
    });
  }

  /** Renews the life of a cluster's routes; the count of what is published. */
  renew(clusterUuid: string): Promise<number> {
    const { own: all, link, ttlMs, now } = this.#options;
    const own = all.clusters.get(clusterUuid);
    if (own !== undefined) own.heardAt = now();
    const recently = own !== undefined && now() - own.renewedAt < ttlMs / 5;
    if (recently || !link.healthy) return Promise.resolve(own === undefined ? 0 : countOf(own));
    return this.#inTurn(clusterUuid, () => this.#renew(clusterUuid, own));
  }

  /** Of all gateways' words; while Redis is away, of what came here. */
  async revision(clusterUuid: string): Promise<number | null | undefined> {
    const own = this.#options.own.clusters.get(clusterUuid)?.revision;
    if (!this.#options.link.healthy) return own;
    try {
      return (await this.#index.revision(clusterUuid)) ?? own ?? null;
    } catch {
      return own;
    }
  }

  async #renew(clusterUuid: string, own: OwnCluster | undefined): Promise<number> {
    const { writer, now } = this.#options;
    try {
      await this.#index.renew(clusterUuid);
      const counts = await this.#index.counts(clusterUuid);
      let count = 0;
      let missing = false;
      await inBatches([...counts], async ([place, routes]) => {
        if (await writer.renew(place, clusterUuid)) count += routes;
        else missing = true;
      });
      if (own === undefined) return count;
      own.renewedAt = now();
      if (missing || counts.size < own.places.size) void this.rewrite(own);
      return countOf(own);
    } catch {
      return own === undefined ? 0 : countOf(own);
    }
  }

  async #apply(own: OwnCluster, change: RouteChange): Promise<RouteVerdict> {
    const { writer } = this.#options;
    const { clusterUuid } = change;
    // A Redis that was flushed has forgotten which revision is in force; this gateway has not.
    if (isOlder(change, own)) return staleVerdict(change, own.revision!);
    const verdict = emptyVerdict(undefined);
    const offers = this.#offers(change, verdict);
    const { admitted, revision, refused } = await this.#index.admit(change, offers);
    if (!admitted) return staleVerdict(change, revision!);
    verdict.revision = revision;
    for (const { route } of refused) reject(verdict, route, NO_ROOM);
    const room = offers.filter((offer) => !refused.has(offer));
    const places = await this.#sort(own, change, room, verdict);
    const counts = await this.#index.counts(clusterUuid);
    // The own ones as well: a flush may have taken the index.
    if (change.action === "sync") addAbsent(places, [...counts.keys(), ...own.places.keys()]);
    // First, so that a gateway that dies here leaves an index that names too many, never too few.
    const fresh = [...places.keys()].filter((place) => !counts.has(place));
    await this.#index.note(
      { clusterUuid, revision },
      fresh.map((place) => [place, 1]),
    );
    const written = new Map<string, Written>();
    await inBatches([...places], async ([place, part]) => {
      written.set(place, await writer.write(place, part, change));
    });
    this.#remember(own, change, { places, written, verdict });
    await this.#settle(change, revision, written);
    await this.#giveBack(change, room, { places, written, verdict });
    return verdict;
  }

  #offers(change: RouteChange, verdict: RouteVerdict): Offer[] {
    const removing = change.action === "delete";
    return removing ? change.routes.map(offerOf) : permitted(change, this.#options, verdict);
  }

  /** Sorts a message's routes by place; what may not be is in the verdict. */
  async #sort(
    own: OwnCluster,
    change: RouteChange,
    offers: readonly Offer[],
    verdict: RouteVerdict,
  ): Promise<Map<string, PlaceChange>> {
    const places = new Map<string, PlaceChange>();
    for (const offer of offers) {
      const place = await this.#placeOf(own, change, offer);
      if (typeof place === "object") reject(verdict, offer.route, place);
      else partOf(places, place, change).routes.set(offer.key, offer.route);
    }
    if (change.action === "delete") return places;
    const hosts = [...places.keys()].filter((place) => portOfPlace(place) === undefined);
    for (const [host, why] of await this.#options.claims.name(change.group, hosts)) {
      for (const route of places.get(host)!.routes.values()) reject(verdict, route, why);
      places.delete(host);
    }
    return places;
  }

  async #placeOf(
    own: OwnCluster,
    change: RouteChange,
    { key, route }: Offer,
  ): Promise<string | Refusal> {
    const { claims, ports } = this.#options;
    if (route.kind !== "tcp") return route.host;
    const known = knownPlace(own, key);
    if (known !== undefined) return known;
    if (change.action === "delete" && route.public_port !== undefined)
      return portPlace(route.public_port);
    const owner = `${change.clusterUuid} ${key}`;
    const range = ports ?? { from: 1, to: 0 };
    const port = await claims.takePort(owner, change.group, route.public_port, range);
    return typeof port === "number" ? portPlace(port) : port;
  }

  /** What had room and a name, and is another's: neither counts. Nor what gave way. */
  async #giveBack(
    { action, clusterUuid, group }: RouteChange,
    offers: readonly Offer[],
    { places, written }: Outcome,
  ): Promise<void> {
    if (action === "delete") return;
    const { claims } = this.#options;
    const taken = new Set<string>();
    for (const [place, { how, gave }] of written) {
      if (how === "taken") taken.add(place);
      if (gave === undefined) continue;
      await claims.spare.forget(gave.group, [place]);
      for (const [uuid, keys] of gave.keys) await this.#index.free(uuid, keys);
    }
    await claims.spare.forget(group, [...taken]);
    const there = new Set<string>();
    for (const [place, { routes }] of places) {
      if (!taken.has(place)) for (const key of routes.keys()) there.add(key);
    }
    const gone = offers.filter(({ key }) => !there.has(key)).map(({ key }) => key);
    await this.#index.free(clusterUuid, gone);
  }

  /** Keeps what was taken, here as well, and says so. */
  #remember(own: OwnCluster, change: RouteChange, { places, written, verdict }: Outcome): void {
    own.revision = verdict.revision;
    own.complete ||= change.action === "sync";
    for (const [place, part] of places) {
      const why = REFUSED[written.get(place)!.how];
      if (why === undefined) this.#accept(own, place, part, verdict);
      else for (const route of part.routes.values()) reject(verdict, route, why);
      if (why === HOST_TAKEN) this.#options.own.remember(own, place, NOTHING);
    }
    if (change.action === "delete") verdict.accepted = change.routes.length;
  }

  #accept(own: OwnCluster, place: string, part: PlaceChange, verdict: RouteVerdict): void {
    this.#options.own.remember(own, place, part);
    if (part.mode === "remove") return;
    verdict.accepted += part.routes.size;
    const port = portOfPlace(place);
    if (port === undefined) return;
    for (const key of part.routes.keys()) verdict.ports[key] = port;
  }

  /** After the writes: the index, a newer snapshot that came in between, and the others. */
  async #settle(
    { clusterUuid, group, revision }: RouteChange,
    inForce: number | undefined,
    written: Map<string, Written>,
  ): Promise<void> {
    const { claims, watch, writer, portsChanged } = this.#options;
    // Where a newer message wrote, it alone knows what is there: Redis was flushed, or it came meanwhile.
    const found = [...written].filter(([, { how }]) => how !== "stale");
    await this.#index.note(
      { clusterUuid, revision: inForce },
      found.map(([place, { count }]) => [place, count]),
    );
    const changed = [...written].filter(([, { how }]) => how === "changed").map(([place]) => place);
    await claims.spare.note(
      group,
      changed.flatMap((place) => {
        const { unused } = written.get(place)!;
        return unused === undefined ? [] : [[place, unused] as const];
      }),
    );
    const newest = await this.#index.newestSync(clusterUuid);
    if (revision !== undefined && newest > revision) {
      await inBatches(changed, (place) => writer.withdraw(place, clusterUuid, newest));
    }
    for (let at = 0; at < changed.length; at += BATCH) {
      await watch.announce({ places: changed.slice(at, at + BATCH) });
    }
    if (changed.some((place) => portOfPlace(place) !== undefined)) portsChanged();
  }

  /** Without Redis: hosts that this group is known to hold change here at once, others wait. */
  #applyAway(own: OwnCluster, change: RouteChange): RouteVerdict {
    if (isOlder(change, own)) return staleVerdict(change, own.revision!);
    own.dirty = true;
    const verdict = emptyVerdict(change.revision ?? own.revision);
    const places = this.#sortKnown(own, change, verdict);
    if (change.action === "sync") addAbsent(places, own.places.keys());
    const written = new Map([...places.keys()].map((place) => [place, UNWRITTEN]));
    const before = new Map([...places.keys()].map((place) => [place, textOf(own, place)]));
    this.#remember(own, change, { places, written, verdict });
    // A copy also has what other clusters of the group serve there: it stays unless it is outdated.
    for (const [place, text] of before) {
      if (text !== textOf(own, place)) this.#options.copies.forget(place);
    }
    return verdict;
  }

  #sortKnown(
    own: OwnCluster,
    change: RouteChange,
    verdict: RouteVerdict,
  ): Map<string, PlaceChange> {
    const { copies, quotas } = this.#options;
    const places = new Map<string, PlaceChange>();
    const offers = this.#offers(change, verdict);
    const holding = { ...holdingOf(own), isWhole: change.action === "sync" };
    const removing = change.action === "delete";
    const refused = removing ? new Set<Offer>() : withoutRoom(offers, holding, quotas);
    for (const offer of offers) {
      const { key, route } = offer;
      const known = (route.kind === "tcp" ? knownPlace(own, key) : undefined) ?? route.host;
      const held = own.places.has(known) || copies.get(known)?.group === change.group;
      const refusal = refused.has(offer) ? NO_ROOM : held ? undefined : WAITS;
      if (refusal === undefined) partOf(places, known, change).routes.set(key, route);
      else if (!removing) reject(verdict, route, refusal);
    }
    return places;
  }

  #inTurn<T>(clusterUuid: string, task: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(clusterUuid) ?? Promise.resolve();
    const done = before.then(task);
    const settled = done.catch(() => undefined);
    this.#queues.set(clusterUuid, settled);
    void settled.finally(() => {
      if (this.#queues.get(clusterUuid) === settled) this.#queues.delete(clusterUuid);
    });
    return done;
  }
}

interface Outcome {
  places: Map<string, PlaceChange>;
  written: Map<string, Written>;
  verdict: RouteVerdict;
}

const REFUSED: Record<Written["how"], Refusal | undefined> = {
  changed: undefined,
  same: undefined,
  taken: HOST_TAKEN,
  stale: STALE,
};
const UNWRITTEN: Written = { how: "same", count: 0, unused: undefined, gave: undefined };

function isOlder({ revision }: RouteChange, own: OwnCluster): boolean {
  return revision !== undefined && revision < (own.revision ?? 0);
}

async function inBatches<T>(all: readonly T[], task: (one: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < all.length; at += BATCH) {
    await Promise.all(all.slice(at, at + BATCH).map(task));
  }
}
