import * as v from "valibot";
import type { Leases, RecordKind, Records, RecordStore } from "../records/records.ts";

/** Who has an alias, and when it was last seen with it. */
const Alias = v.looseObject({ cluster: v.string(), seen: v.number() });
type Alias = v.InferOutput<typeof Alias>;
const KIND: RecordKind<Alias> = { name: "names", schema: Alias, listed: false, secret: false };

/** A name that nobody was seen with for so long is free. */
const ALIAS_LIFE_MS = 30 * 86_400_000;
/** How often it is said again that a name is in use. */
const SAY_AGAIN_MS = 86_400_000;
/** Owners that are remembered, and for how long. */
const MOST_REMEMBERED = 10_000;
const REMEMBERED_MS = 30_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface ClusterNamesOptions {
  /** Below which every cluster has its names. */
  domain: string;
  store: RecordStore;
  wallClock: () => number;
  /** Another cluster has the alias. */
  onConflict: (alias: string, owner: string, cluster: string) => void;
}

/**
 * Public names of clusters: `<uuid>.<domain>` always, and `<name>.<domain>` for whoever came first
 * with that name and still comes (docs/decisions/0323).
 */
export class ClusterNames {
  readonly domain: string;
  readonly #options: ClusterNamesOptions;
  readonly #aliases: Records<Alias>;
  readonly #leases: Leases;
  readonly #owners = new Map<string, { owner: string | undefined; until: number }>();

  constructor(options: ClusterNamesOptions) {
    this.#options = options;
    this.domain = options.domain;
    this.#aliases = options.store.records(KIND);
    this.#leases = options.store.leases;
  }

  /** The names of a cluster that comes; its own one alone where the others cannot be asked. */
  async give({
    clusterUuid,
    cluster,
  }: {
    clusterUuid: string;
    cluster: string;
  }): Promise<string[]> {
    const own = `${clusterUuid}.${this.domain}`;
    const alias = labelOf(cluster);
    if (alias === undefined) return [own];
    const owner = await this.#take(alias, clusterUuid).catch(() => undefined);
    if (owner === clusterUuid) return [own, `${alias}.${this.domain}`];
    if (owner !== undefined)
      this.#options.onConflict(`${alias}.${this.domain}`, owner, clusterUuid);
    return [own];
  }

  /** The cluster whose name a host is, or is below of; undefined when it is nobody's. */
  async ownerOf(host: string): Promise<string | undefined> {
    if (!host.endsWith(`.${this.domain}`)) return undefined;
    const label = host
      .slice(0, -this.domain.length - 1)
      .split(".")
      .at(-1)!;
    if (UUID.test(label)) return label;
    const now = this.#options.wallClock();
    const known = this.#owners.get(label);
    if (known !== undefined && known.until > now) return known.owner;
    const owner = (await this.#aliases.read(label))?.value.cluster;
    if (this.#owners.size >= MOST_REMEMBERED) this.#owners.clear();
    this.#owners.set(label, { owner, until: now + REMEMBERED_MS });
    return owner;
  }

  async #take(alias: string, clusterUuid: string): Promise<string | undefined> {
    const now = this.#options.wallClock();
    const had = (await this.#aliases.read(alias))?.value;
    const free = had === undefined || now - had.seen >= ALIAS_LIFE_MS;
    if (had !== undefined && had.cluster !== clusterUuid && !free) return had.cluster;
    if (had?.cluster === clusterUuid && now - had.seen < SAY_AGAIN_MS) return clusterUuid;
    const lease = await this.#leases.take(`name ${alias}`);
    // Somebody is about to take it: the next registration knows whether it was this cluster.
    if (lease === undefined) return had?.cluster;
    try {
      const then = (await this.#aliases.read(alias))?.value;
      const taken = then !== undefined && then.cluster !== clusterUuid;
      if (taken && now - then.seen < ALIAS_LIFE_MS) return then.cluster;
      const untilMs = now + 2 * ALIAS_LIFE_MS;
      await this.#aliases.put(
        alias,
        { ...(taken ? {} : then), cluster: clusterUuid, seen: now },
        { fence: undefined, untilMs },
      );
      this.#owners.delete(alias);
      return clusterUuid;
    } finally {
      await lease.release();
    }
  }
}

/** A cluster's name as a label of DNS (RFC 1123 §2.1); undefined where nothing of it is left. */
export function labelOf(cluster: string): string | undefined {
  const label = cluster
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  // A name that looks like another cluster's uuid is not given away.
  return label === "" || UUID.test(label) ? undefined : label;
}
