import { isDeepStrictEqual } from "node:util";
import { endOfTurn } from "@warren/host";
import type { PublishedCertificate } from "@warren/wire";
import type { PublishedCertificates } from "../published-certificates.ts";
import type { Published } from "../published.ts";
import type { HostOwners } from "./host-owners.ts";
import { ageOf, claimantOf } from "./ingress/host-claims.ts";
import type { Ingress, Secret } from "./objects.ts";
import type { Objects } from "./objects-port.ts";
import { parentOf, PublishedHosts, type PublishedMoved } from "./published-hosts.ts";
import { isFor, isUnfit, readPair, type Pair, type Unfit } from "./tls-pair.ts";
import { tlsProblems, type TlsProblem } from "./tls-problems.ts";
import { usesOf, type CertificateUse, type NamedUse } from "./tls-uses.ts";

export interface TlsSecretsOptions {
  ingresses: Objects<Ingress>;
  /** TLS Secrets, of which only those that somebody names are looked at. */
  secrets: Objects<Secret>;
  /** Only certificates for hosts that are published are brought. */
  published: Published;
  /** Whose hosts are. */
  hosts: HostOwners;
  /** All that keeps the certificates of an object from being brought, when that is another. */
  onProblems: (object: string, problems: readonly TlsProblem[]) => void;
}

/** Hosts of one message's certificate: one that is for more is brought several times. */
const MOST_HOSTS = 100;
/** So many named hosts are looked at for problems before traffic gets its turn: some 2 ms. */
const SLICE = 1_000;
const NONE: ReadonlySet<never> = new Set();

/**
 * Brings the certificates to gateways that Ingresses name (`spec.tls`) and listeners of Gateways.
 * One change costs what it touches, however many there are. Invariants:
 *
 * T1. A Secret is for a host only where its object publishes something, and the host is published by
 *     its namespace and is that namespace's to serve: nobody's certificate stands at another's host,
 *     and no key leaves the cluster for what is left out.
 * T2. A host has one Secret: the one of the host's owner, else of the oldest object, then the first by
 *     name; of those whose certificate is for the host. The same in every agent.
 */
export class TlsSecrets implements Disposable {
  /** Everything that there was at the start has been looked at. */
  readonly ready: Promise<void>;
  readonly #options: TlsSecretsOptions;
  readonly #certificates: PublishedCertificates;
  readonly #published: PublishedHosts;
  readonly #byObject = new Map<string, readonly NamedUse[]>();
  readonly #bySecret = new Map<string, Set<NamedUse>>();
  /** By a host as it is named, which may be a wildcard; the oldest first. */
  readonly #byHost = new Map<string, NamedUse[]>();
  /** By published host, the Secret that it has (T2); and the other way. */
  readonly #chosen = new Map<string, string>();
  readonly #hosts = new Map<string, Set<string>>();
  readonly #told = new Map<string, readonly TlsProblem[]>();
  /** How often a Secret is brought, where that is more than once. */
  readonly #parts = new Map<string, number>();
  /** Of each Secret that was read, as it was read. */
  readonly #read = new Map<string, { of: Secret; pair: Pair | Unfit }>();
  /** Objects whose problems may be others, and whether somebody comes for them. */
  readonly #toTell = new Set<string>();
  #isTelling = false;
  readonly #stops: (() => void)[] = [];

  constructor(options: TlsSecretsOptions) {
    this.#options = options;
    const { ingresses, secrets, published, hosts } = options;
    this.#certificates = published.certificates;
    this.#published = new PublishedHosts(published);
    this.#stops.push(
      ingresses.onChange(({ key, after }) => this.#ingress(key, after)),
      secrets.onChange(({ key }) => this.#secret(key)),
      hosts.onChange((moved) => this.#look(moved.hosts, this.#naming(moved.hosts))),
      published.onChange((change) => this.#moved(this.#published.take(change))),
    );
    this.ready = this.#begin();
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
    this.#toTell.clear();
  }

  async #begin(): Promise<void> {
    const { ingresses, secrets } = this.#options;
    await Promise.all([ingresses.synced, secrets.synced]);
    for (const one of ingresses.values()) this.#ingress(keyOf(one), one);
  }

  #ingress(key: string, ingress: Ingress | undefined): void {
    const object = claimantOf(key);
    const publishes = (): boolean => this.#published.publishes(object);
    const uses = ingress === undefined ? [] : usesOf(ingress, publishes);
    this.name(object, ingress === undefined ? 0 : ageOf(ingress), uses);
  }

  /** The object, created then (epoch milliseconds), uses exactly these from now on. */
  name(object: string, age: number, uses: readonly CertificateUse[]): void {
    const before = this.#byObject.get(object) ?? [];
    const after = uses.map((use): NamedUse => ({ ...use, object, age }));
    // Most changes of an object are of something else, its status above all.
    if (isDeepStrictEqual(before.map(wordsOf), after.map(wordsOf))) return;
    for (const use of before) this.#index(use, "drop");
    for (const use of after) this.#index(use, "put");
    if (after.length > 0) this.#byObject.set(object, after);
    else this.#byObject.delete(object);
    for (const { secret } of before) if (!this.#bySecret.has(secret)) this.#read.delete(secret);
    this.#look(this.#publishedFor([...before, ...after]), [object]);
  }

  /** What the object publishes, it may publish by another way now. */
  moved(object: string): void {
    this.#look(this.#published.hostsOf(object), []);
  }

  #moved({ hosts, turned, objects }: PublishedMoved): void {
    const uses = [...objects].flatMap((one) => this.#byObject.get(one) ?? []);
    const told = [...uses.map(({ object }) => object), ...this.#naming(turned)];
    this.#look(hosts.union(this.#publishedFor(uses)), told);
  }

  #secret(key: string): void {
    const uses = [...(this.#bySecret.get(key) ?? NONE)];
    if (uses.length === 0) return;
    this.#look(
      this.#publishedFor(uses),
      uses.map(({ object }) => object),
    );
    this.#bring(key);
  }

  #index(use: NamedUse, how: "put" | "drop"): void {
    const same = this.#bySecret.get(use.secret) ?? new Set();
    if (how === "put") this.#bySecret.set(use.secret, same.add(use));
    else if (same.delete(use) && same.size === 0) this.#bySecret.delete(use.secret);
    for (const host of use.hosts) {
      const all = this.#byHost.get(host) ?? [];
      if (how === "put") all.splice(placeOf(use, all), 0, use);
      else all.splice(all.indexOf(use), 1);
      if (all.length > 0) this.#byHost.set(host, all);
      else this.#byHost.delete(host);
    }
  }

  /** Objects that name one of these. */
  #naming(hosts: Iterable<string>): string[] {
    return [...hosts].flatMap((host) => (this.#byHost.get(host) ?? []).map(({ object }) => object));
  }

  #publishedFor(uses: Iterable<NamedUse>): Set<string> {
    // Many name the same wildcard.
    const named = new Set<string>();
    for (const use of uses) for (const host of use.hosts) named.add(host);
    const hosts = new Set<string>();
    for (const one of named) for (const host of this.#published.coveredBy(one)) hosts.add(host);
    return hosts;
  }

  /** All that follows where something about these may be different. */
  #look(hosts: Iterable<string>, objects: Iterable<string>): void {
    const secrets = new Set<string>();
    for (const host of hosts) for (const secret of this.#choose(host)) secrets.add(secret);
    for (const secret of secrets) this.#bring(secret);
    for (const object of objects) this.#toTell.add(object);
    if (!this.#isTelling) this.#tellSome();
  }

  /** Gives the Secrets that are for other hosts now. */
  #choose(host: string): string[] {
    const before = this.#chosen.get(host);
    const after = this.#bestAt(host)?.secret;
    if (before === after) return [];
    if (before !== undefined) this.#hosts.get(before)?.delete(host);
    if (before !== undefined && this.#hosts.get(before)?.size === 0) this.#hosts.delete(before);
    if (after === undefined) this.#chosen.delete(host);
    else {
      this.#chosen.set(host, after);
      this.#hosts.set(after, (this.#hosts.get(after) ?? new Set()).add(host));
    }
    return [before, after].filter((one) => one !== undefined);
  }

  /** T2. */
  #bestAt(host: string): NamedUse | undefined {
    const exact = this.#bestOf(host, host);
    const wild = this.#bestOf(`*.${parentOf(host)}`, host);
    if (exact === undefined || wild === undefined) return (exact ?? wild)?.use;
    if (exact.isOwners !== wild.isOwners) return exact.isOwners ? exact.use : wild.use;
    return comesBefore(wild.use, exact.use) ? wild.use : exact.use;
  }

  #bestOf(named: string, host: string): { use: NamedUse; isOwners: boolean } | undefined {
    const owners = this.#options.hosts.holder(host)?.namespaces ?? NONE;
    let best: NamedUse | undefined;
    for (const use of this.#byHost.get(named) ?? []) {
      const namespaces = this.#speaksAt(use, host);
      if (namespaces === undefined) continue;
      // Of a namespace that holds the host, or of one that was let in.
      const isOwners = !owners.isDisjointFrom(namespaces);
      if (!isOwners && best !== undefined) continue;
      const pair = this.#pairOf(use.secret);
      if (isUnfit(pair) || !isFor(pair, host)) continue;
      if (isOwners) return { use, isOwners };
      best = use;
    }
    return best && { use: best, isOwners: false };
  }

  /** T1: for which namespaces. */
  #speaksAt(use: NamedUse, host: string): ReadonlySet<string> | undefined {
    let asked: ReadonlySet<string> | undefined;
    for (const object of this.#published.objectsAt(host)) {
      const namespaces = use.speaksFor(object);
      if (namespaces === undefined || namespaces === asked) continue;
      if (this.#options.hosts.mayServe(namespaces, host)) return namespaces;
      asked = namespaces;
    }
    return undefined;
  }

  #bring(key: string): void {
    const parts = this.#partsOf(key);
    for (const part of parts) this.#certificates.put(part);
    const had = this.#parts.get(key) ?? 1;
    for (let nth = parts.length; nth < had; nth += 1) this.#certificates.remove(partName(key, nth));
    if (parts.length > 1) this.#parts.set(key, parts.length);
    else this.#parts.delete(key);
  }

  #partsOf(key: string): PublishedCertificate[] {
    const hosts = [...(this.#hosts.get(key) ?? NONE)].toSorted();
    const pair = hosts.length === 0 ? undefined : this.#pairOf(key);
    if (pair === undefined || isUnfit(pair)) return [];
    const { cert, key: privateKey } = pair;
    const parts: PublishedCertificate[] = [];
    for (let at = 0; at < hosts.length; at += MOST_HOSTS) {
      const name = partName(key, parts.length);
      parts.push({ name, hosts: hosts.slice(at, at + MOST_HOSTS), cert, key: privateKey });
    }
    return parts;
  }

  /** Nobody's traffic waits until all who name a host have heard of it. */
  #tellSome(): void {
    let hosts = 0;
    for (const object of this.#toTell) {
      if (hosts >= SLICE) break;
      this.#toTell.delete(object);
      const uses = this.#byObject.get(object) ?? [];
      for (const use of uses) hosts += use.hosts.size;
      this.#tell(object, uses);
    }
    this.#isTelling = this.#toTell.size > 0;
    if (this.#isTelling) endOfTurn(() => this.#tellSome());
  }

  #tell(object: string, uses: readonly NamedUse[]): void {
    const problems = tlsProblems(uses, {
      spokenOf: (use, named) =>
        this.#published.coveredBy(named).filter((host) => this.#speaksAt(use, host) !== undefined),
      pairOf: (secret) => this.#pairOf(secret),
    });
    if (isDeepStrictEqual(this.#told.get(object) ?? [], problems)) return;
    if (problems.length === 0) this.#told.delete(object);
    else this.#told.set(object, problems);
    this.#options.onProblems(object, problems);
  }

  /** Read once for each change of the Secret, however many hosts come and go. */
  #pairOf(name: string): Pair | Unfit {
    const secret = this.#options.secrets.get(name);
    const known = this.#read.get(name);
    if (secret === undefined) this.#read.delete(name);
    else if (known?.of === secret) return known.pair;
    const pair = readPair(secret);
    if (secret !== undefined) this.#read.set(name, { of: secret, pair });
    return pair;
  }
}

/** No Secret has such a name. */
function partName(name: string, nth: number): string {
  return nth === 0 ? name : `${name}#${nth + 1}`;
}

/** What it says; whom it speaks for follows from that. */
function wordsOf({ secret, hosts, listener, rules, age }: NamedUse): unknown[] {
  return [secret, hosts, listener, rules, age];
}

/** Where among these, the oldest of which is first, it belongs. */
function placeOf(use: NamedUse, all: readonly NamedUse[]): number {
  let [from, to] = [0, all.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (comesBefore(use, all[middle]!)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function comesBefore(one: NamedUse, other: NamedUse): boolean {
  if (one.age !== other.age) return one.age < other.age;
  return `${one.object} ${one.secret}` < `${other.object} ${other.secret}`;
}

function keyOf({ metadata: { namespace = "default", name } }: Ingress): string {
  return `${namespace}/${name}`;
}
