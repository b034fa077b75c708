import { createHash } from "node:crypto";
import { readCertificate, type Certificate, type CertificateSet, type Clock } from "@warren/host";
import {
  MOST_CERTIFICATES,
  type Certificates as Said,
  type CertificatesAck,
  type PublishedCertificate,
} from "@warren/wire";
import * as v from "valibot";
import type { AcmeEvents } from "../acme/acme-events.ts";
import type { ClaimedHost } from "../ports.ts";
import type { RecordKind, Records, RecordStore } from "../records/records.ts";
import type { Refusal } from "../registry/admission.ts";
import type { AgentIdentity } from "../tunnels/identity.ts";
import { CertificateCopies } from "./certificate-copies.ts";

const Published = v.object({
  cert: v.string(),
  key: v.string(),
  /** Those that it was said for and that its cluster may have. */
  hosts: v.array(v.string()),
  group: v.string(),
  digest: v.string(),
});
type Published = v.InferOutput<typeof Published>;

const KIND: RecordKind<Published> = {
  name: "cluster-certificates",
  schema: Published,
  listed: true,
  secret: true,
};
const SWEEP_MS = 30_000;

export interface ClusterCertificatesOptions {
  store: RecordStore;
  claimOf: (host: string) => ClaimedHost | undefined | Promise<ClaimedHost | undefined>;
  /** Why a cluster may not have a host; undefined when it may. */
  refusalOf: (identity: AgentIdentity, host: string) => Promise<Refusal | undefined>;
  events: AcmeEvents;
  clock: Clock;
  wallClock: () => number;
  random: () => number;
}

type Rejected = CertificatesAck["rejected"][number];

/**
 * Certificates that clusters bring with their hosts. One answers only for hosts that it names, that
 * its cluster may have and that its cluster's group has claimed, and no longer than all that holds.
 */
export class ClusterCertificates implements CertificateSet, AsyncDisposable {
  readonly #options: ClusterCertificatesOptions;
  readonly #records: Records<Published>;
  readonly #copies: CertificateCopies<Published>;
  readonly #byCluster = new Map<string, Set<string>>();
  /** For which of its hosts each answers: its cluster has claimed those. */
  readonly #answered = new Map<string, ReadonlySet<string>>();
  #forget: () => void = () => {};
  #closed = false;
  #sweeping: Promise<void> = Promise.resolve();

  private constructor(options: ClusterCertificatesOptions) {
    this.#options = options;
    this.#records = options.store.records(KIND);
    this.#copies = new CertificateCopies({
      records: this.#records,
      hostsOf: (id, value, names) => this.#hostsOf(id, value, names),
      wallClock: options.wallClock,
      onProblem: (id, problem) => options.events.unpublished(...parts(id), problem),
      lasting: undefined,
      onChange: () => {},
    });
  }

  static async open(options: ClusterCertificatesOptions): Promise<ClusterCertificates> {
    const opened = new ClusterCertificates(options);
    await opened.sweep();
    opened.#sweepLater();
    return opened;
  }

  choose(serverName: string | undefined): Certificate | undefined {
    return this.#copies.choose(serverName);
  }

  /** What a cluster says of its certificates. Rejects while they cannot be kept. */
  async hear(identity: AgentIdentity, said: Said): Promise<v.InferInput<typeof CertificatesAck>> {
    if (said.action === "sync") return this.#sync(identity, said.certificates);
    if (said.action === "put") return this.#put(identity, said.certificates);
    for (const name of said.names) await this.#records.remove(idOf(identity, name));
    await this.#reload(said.names.map((name) => idOf(identity, name)));
    return { accepted: said.names.length, rejected: [] };
  }

  /** Routes of a cluster were applied: certificates that wait for a claim on one of `hosts` may have it. */
  async reviewed(clusterUuid: string, hosts: ReadonlySet<string>): Promise<void> {
    // A wildcard's claim covers hosts by other names.
    const isAny = [...hosts].some((host) => host.startsWith("*"));
    const waits = (id: string): boolean => {
      const answered = this.#answered.get(id);
      const named = this.#copies.value(id)?.hosts ?? [];
      return named.some((host) => (isAny || hosts.has(host)) && answered?.has(host) !== true);
    };
    await this.#reload([...(this.#byCluster.get(clusterUuid) ?? [])].filter(waits));
  }

  /** Looks now at what others changed, and which claims have ended. */
  sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.then(() => this.#sweep());
    return this.#sweeping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#forget();
    this.#copies.close();
    await this.#sweeping;
  }

  async #sync(
    identity: AgentIdentity,
    listed: readonly { name: string; digest: string }[],
  ): Promise<v.InferInput<typeof CertificatesAck>> {
    await this.#copies.refresh();
    const names = new Map(listed.map(({ name, digest }) => [name, digest]));
    const had = new Set<string>();
    for (const id of this.#byCluster.get(identity.clusterUuid) ?? []) {
      const [, name] = parts(id);
      const digest = this.#copies.value(id)?.digest;
      if (digest === undefined) continue;
      if (names.get(name) === digest) had.add(name);
      else if (!names.has(name)) await this.#drop(id);
    }
    const missing = [...names.keys()].filter((name) => !had.has(name));
    return { accepted: had.size, rejected: [], missing };
  }

  async #put(
    identity: AgentIdentity,
    said: readonly PublishedCertificate[],
  ): Promise<v.InferInput<typeof CertificatesAck>> {
    const rejected: Rejected[] = [];
    for (const one of said) {
      const why = await this.#take(identity, one);
      if (why === undefined) continue;
      const message = why.message.slice(0, 512);
      rejected.push({ name: one.name, code: why.code, message });
      this.#options.events.unpublished(identity.clusterUuid, one.name, message);
      // What it replaced is not what the cluster has any more.
      await this.#drop(idOf(identity, one.name));
    }
    const accepted = said.length - rejected.length;
    this.#options.events.published(identity.clusterUuid, accepted);
    return { accepted, rejected };
  }

  async #take(identity: AgentIdentity, said: PublishedCertificate): Promise<Refusal | undefined> {
    const { refusalOf, wallClock } = this.#options;
    const id = idOf(identity, said.name);
    const own = this.#byCluster.get(identity.clusterUuid);
    if (own !== undefined && own.size >= MOST_CERTIFICATES && !own.has(id))
      return { code: "quota_exceeded", message: `a cluster has ${MOST_CERTIFICATES} at most` };
    const read = readPair(said);
    if ("code" in read) return read;
    if (read.expiresAt <= wallClock()) return unusable("it has expired");
    const named = said.hosts.map((host) => host.toLowerCase());
    const hosts = named.filter((host) => namesHost(read.hosts, host));
    if (hosts.length === 0) return unusable(`it names none of ${named.join(", ")}`);
    const refusals = await Promise.all(hosts.map((host) => refusalOf(identity, host)));
    const allowed = hosts.filter((_, at) => refusals[at] === undefined);
    if (allowed.length === 0) return refusals[0];
    const { cert, key } = said;
    const value = { cert, key, hosts: allowed, group: identity.group, digest: digestOf(said) };
    await this.#records.put(id, value, { fence: undefined, untilMs: read.expiresAt });
    await this.#copies.load(id);
    return undefined;
  }

  async #hostsOf(id: string, value: Published, names: readonly string[]): Promise<string[]> {
    const [clusterUuid] = parts(id);
    const ids = this.#byCluster.get(clusterUuid) ?? new Set();
    this.#byCluster.set(clusterUuid, ids.add(id));
    const hosts: string[] = [];
    for (const host of value.hosts) {
      const claim = await this.#options.claimOf(host);
      if (claim?.group === value.group && namesHost(names, host)) hosts.push(host);
    }
    this.#answered.set(id, new Set(hosts));
    return hosts;
  }

  async #drop(id: string): Promise<void> {
    await this.#records.remove(id);
    await this.#copies.load(id);
    this.#tidy(id);
  }

  async #reload(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await this.#copies.load(id);
      this.#tidy(id);
    }
  }

  #tidy(id: string): void {
    if (this.#copies.value(id) !== undefined) return;
    this.#answered.delete(id);
    const [clusterUuid] = parts(id);
    const ids = this.#byCluster.get(clusterUuid);
    ids?.delete(id);
    if (ids?.size === 0) this.#byCluster.delete(clusterUuid);
  }

  async #sweep(): Promise<void> {
    if (this.#closed) return;
    const { events } = this.#options;
    try {
      await this.#copies.refresh();
      for (const ids of Array.from(this.#byCluster.values())) await this.#reload([...ids]);
    } catch (reason) {
      events.stuck("certificates of clusters", reason);
    }
    events.counted("cluster", this.#copies.size, this.#copies.soonest);
  }

  #sweepLater(): void {
    if (this.#closed) return;
    const { clock, random } = this.#options;
    const waitMs = SWEEP_MS * (0.75 + random() / 2);
    this.#forget = clock.after(waitMs, () => void this.sweep().then(() => this.#sweepLater()));
  }
}

/** What tells one state of a certificate from another: as an agent computes it (docs/protocol.md §4). */
function digestOf({ cert, key, hosts }: PublishedCertificate): string {
  const sorted = hosts.toSorted().join(" ");
  return createHash("sha256").update(`${cert}\0${key}\0${sorted}`).digest("base64url");
}

function readPair({ name, cert, key }: PublishedCertificate) {
  try {
    return readCertificate(name, { cert: Buffer.from(cert), key: Buffer.from(key) });
  } catch (reason) {
    return unusable(reason instanceof Error ? reason.message : String(reason));
  }
}

function unusable(message: string): Refusal {
  return { code: "bad_request", message };
}

/** True when a certificate that names `names` is good for `host`, which may be a wildcard. */
function namesHost(names: readonly string[], host: string): boolean {
  const dot = host.indexOf(".");
  return names.includes(host) || (dot > 0 && names.includes(`*${host.slice(dot)}`));
}

function idOf({ clusterUuid }: AgentIdentity, name: string): string {
  return `${clusterUuid} ${name}`;
}
function parts(id: string): [clusterUuid: string, name: string] {
  const space = id.indexOf(" ");
  return [id.slice(0, space), id.slice(space + 1)];
}
