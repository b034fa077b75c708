import * as v from "valibot";
import type { Leases, RecordKind, Records, RecordStore } from "../records/records.ts";

/** Who has an alias, and when it was last seen with it. */
const Alias = v.looseObject({ cluster: v.string(), seen: v.number() });
type Alias = v.InferOutput<typeof Alias>;
const KIND: RecordKind<Alias> = { name: "names", schema: Alias, listed: false, secret: false };

/** Domains of all gateways that share a store, and when a gateway was last there with it. */
const Domain = v.looseObject({ seen: v.number() });
type Domain = v.InferOutput<typeof Domain>;
const DOMAINS: RecordKind<Domain> = {
  name: "domains",
  schema: Domain,
  listed: true,
  secret: false,
};
/** A message has 16 names: two for each. */
const MOST_DOMAINS = 8;
const ASK_DOMAINS_MS = 60_000;

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
 * with that name and still comes (docs/decisions/0323). Gateways that share a store serve the same
 * routes, and so each other's domains: names are given below all of them, whichever gateway is asked.
 */
export class ClusterNames {
  readonly domain: string;
  readonly #options: ClusterNamesOptions;
  readonly #aliases: Records<Alias>;
  readonly #leases: Leases;
  readonly #records: Records<Domain>;
  /** Its own first, then the others in order. */
  #domains: readonly string[];
  #askedAt = -Infinity;
  #saidAt = -Infinity;
  readonly #owners = new Map<string, { owner: string | undefined; until: number }>();

  constructor(options: ClusterNamesOptions) {
    this.#options = options;
    this.domain = options.domain;
    this.#domains = [options.domain];
    this.#records = options.store.records(DOMAINS);
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
    const alias = labelOf(cluster);
    const owner = alias && (await this.#take(alias, clusterUuid).catch(() => undefined));
    if (owner !== undefined && owner !== clusterUuid)
      this.#options.onConflict(`${alias}.${this.domain}`, owner, clusterUuid);
    const labels =
      alias !== undefined && owner === clusterUuid ? [clusterUuid, alias] : [clusterUuid];
    const domains = await this.domains();
    return domains.flatMap((domain) => labels.map((label) => `${label}.${domain}`));
  }

  /** All below which clusters have names: its own first. Those known last while nobody can be asked. */
  async domains(): Promise<readonly string[]> {
    const now = this.#options.wallClock();
    if (now - this.#askedAt < ASK_DOMAINS_MS) return this.#domains;
    this.#askedAt = now;
    await this.#askDomains(now).catch(() => {});
    return this.#domains;
  }

  /** The domain that a host is below of: of domains one within the other the inner one gives the names. */
  async domainOf(host: string): Promise<string | undefined> {
    const all = (await this.domains()).filter((one) => host.endsWith(`.${one}`));
    return all.toSorted((one, other) => other.length - one.length)[0];
  }

  /** The cluster whose name a host is, or is below of; undefined when it is nobody's. */
  async ownerOf(host: string): Promise<string | undefined> {
    const domain = await this.domainOf(host);
    if (domain === undefined) return undefined;
    const label = host
      .slice(0, -domain.length - 1)
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

  async #askDomains(now: number): Promise<void> {
    if (now - this.#saidAt >= SAY_AGAIN_MS) {
      const untilMs = now + ALIAS_LIFE_MS;
      await this.#records.put(this.domain, { seen: now }, { fence: undefined, untilMs });
      this.#saidAt = now;
    }
    const listed = [...(await this.#records.list()).keys()].filter((one) => one !== this.domain);
    const read = await Promise.all(listed.map((one) => this.#records.read(one)));
    const others = listed.filter((_, at) => read[at] !== undefined).toSorted();
    this.#domains = [this.domain, ...others].slice(0, MOST_DOMAINS);
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
