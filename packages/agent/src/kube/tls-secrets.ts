import { createPrivateKey, X509Certificate } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { CERTIFICATE_TEXT, type PublishedCertificate } from "@warren/wire";
import type { PublishedCertificates } from "../published-certificates.ts";
import type { Published } from "../published.ts";
import type { Ingress, Secret } from "./objects.ts";
import type { Objects } from "./objects-port.ts";

export interface TlsSecretsOptions {
  ingresses: Objects<Ingress>;
  /** TLS Secrets, of which only those that Ingresses name are looked at. */
  secrets: Objects<Secret>;
  /** Only certificates for hosts that are published are brought. */
  published: Published;
  /** Why a Secret is not brought. Never holds any of it. */
  onProblem: (secret: string, problem: string) => void;
}

/** Hosts of one message's certificate: one that is for more is brought several times. */
const MOST_HOSTS = 100;

/**
 * Publishes the certificates of Ingresses: Secrets that `spec.tls` names, for the hosts that it names
 * there and that are published. One change costs what it touches, however many there are.
 */
export class TlsSecrets implements Disposable {
  /** Everything that there was at the start has been looked at. */
  readonly ready: Promise<void>;
  readonly #options: TlsSecretsOptions;
  readonly #certificates: PublishedCertificates;
  /** By Secret: which Ingresses name it, with which hosts. */
  readonly #users = new Map<string, Map<string, readonly string[]>>();
  /** What those named that are no Ingresses. */
  readonly #named = new Map<string, ReadonlyMap<string, readonly string[]>>();
  /** By host: which Secrets are named for it. */
  readonly #secretsOf = new Map<string, Set<string>>();
  /** Routes of a host that are published. */
  readonly #routes = new Map<string, number>();
  /** Published hosts by what follows their first label, for wildcards. */
  readonly #below = new Map<string, Set<string>>();
  readonly #told = new Map<string, string>();
  /** How often a Secret is brought, where that is more than once. */
  readonly #parts = new Map<string, number>();
  /** Of each Secret that was read, as it was read. */
  readonly #read = new Map<string, { of: Secret; pair: Pair | string }>();
  readonly #stops: (() => void)[] = [];

  constructor(options: TlsSecretsOptions) {
    this.#options = options;
    const { ingresses, secrets, published } = options;
    this.#certificates = published.certificates;
    for (const { host } of published.routes()) this.#count(host, 1);
    this.#stops.push(
      ingresses.onChange(({ key, before, after }) => this.#ingress(key, before, after)),
      secrets.onChange(({ key }) => this.#look(key)),
      published.onChange(({ added, deleted }) => {
        for (const { host } of added) this.#count(host, 1);
        for (const { host } of deleted) this.#count(host, -1);
      }),
    );
    this.ready = this.#begin();
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  async #begin(): Promise<void> {
    const { ingresses, secrets } = this.#options;
    await Promise.all([ingresses.synced, secrets.synced]);
    for (const one of ingresses.values()) this.#ingress(keyOf(one.metadata), undefined, one);
  }

  #ingress(key: string, before: Ingress | undefined, after: Ingress | undefined): void {
    this.#rename(key, this.#namedBy(before), this.#namedBy(after));
  }

  /** Who is no Ingress names exactly these from now on, each for its hosts. */
  name(user: string, secrets: ReadonlyMap<string, readonly string[]>): void {
    this.#rename(user, this.#named.get(user) ?? new Map(), secrets);
    if (secrets.size === 0) this.#named.delete(user);
    else this.#named.set(user, secrets);
  }

  #rename(
    key: string,
    old: ReadonlyMap<string, readonly string[]>,
    now: ReadonlyMap<string, readonly string[]>,
  ): void {
    // Most changes of an Ingress are of something else, its status above all.
    if (isDeepStrictEqual(old, now)) return;
    const touched = new Set<string>();
    for (const [secret, hosts] of old) {
      this.#users.get(secret)?.delete(key);
      if (this.#users.get(secret)?.size === 0) this.#users.delete(secret);
      for (const host of hosts) this.#forget(host, secret);
      touched.add(secret);
    }
    for (const [secret, hosts] of now) {
      const users = this.#users.get(secret) ?? new Map<string, readonly string[]>();
      this.#users.set(secret, users.set(key, hosts));
      touched.add(secret);
    }
    for (const secret of touched) this.#index(secret);
    for (const secret of touched) this.#look(secret);
  }

  /** Secrets of an Ingress, with their hosts. */
  #namedBy(ingress: Ingress | undefined): Map<string, string[]> {
    const named = new Map<string, string[]>();
    // An entry that names no host is for all of the Ingress's.
    const own = (ingress?.spec?.rules ?? []).flatMap(({ host }) => host ?? []);
    for (const { secretName, hosts = own } of ingress?.spec?.tls ?? []) {
      if (secretName === undefined || secretName === "") continue;
      const secret = `${ingress!.metadata.namespace ?? "default"}/${secretName}`;
      const lower = (hosts.length > 0 ? hosts : own).map((host) => host.toLowerCase());
      named.set(secret, [...(named.get(secret) ?? []), ...lower]);
    }
    return named;
  }

  #index(secret: string): void {
    for (const hosts of this.#users.get(secret)?.values() ?? []) {
      for (const host of hosts) {
        const secrets = this.#secretsOf.get(host) ?? new Set();
        this.#secretsOf.set(host, secrets.add(secret));
      }
    }
  }

  #forget(host: string, secret: string): void {
    const secrets = this.#secretsOf.get(host);
    secrets?.delete(secret);
    if (secrets?.size === 0) this.#secretsOf.delete(host);
  }

  #count(host: string, by: 1 | -1): void {
    const before = this.#routes.get(host) ?? 0;
    const now = before + by;
    if (now <= 0) this.#routes.delete(host);
    else this.#routes.set(host, now);
    if (before > 0 && now > 0) return;
    const parent = parentOf(host);
    const below = this.#below.get(parent) ?? new Set();
    if (now > 0) this.#below.set(parent, below.add(host));
    else if (below.delete(host) && below.size === 0) this.#below.delete(parent);
    for (const named of new Set([host, `*.${parent}`]))
      for (const secret of this.#secretsOf.get(named) ?? []) this.#look(secret);
  }

  /** Published hosts that one in `spec.tls` stands for. */
  #publishedOf(host: string): string[] {
    const own = this.#routes.has(host) ? [host] : [];
    return host.startsWith("*.") ? [...own, ...(this.#below.get(host.slice(2)) ?? [])] : own;
  }

  #look(key: string): void {
    const made = this.#certificateOf(key);
    this.#bring(key, typeof made === "string" ? [] : inParts(made));
    if (typeof made !== "string") return void this.#told.delete(key);
    if (made === "" || this.#told.get(key) === made) return;
    this.#told.set(key, made);
    this.#options.onProblem(key, made);
  }

  #bring(key: string, parts: readonly PublishedCertificate[]): void {
    for (const part of parts) this.#certificates.put(part);
    const had = this.#parts.get(key) ?? 1;
    for (let nth = parts.length; nth < had; nth += 1) this.#certificates.remove(partName(key, nth));
    if (parts.length > 1) this.#parts.set(key, parts.length);
    else this.#parts.delete(key);
  }

  /** Or why there is none; empty when nobody asks for it. */
  #certificateOf(name: string): PublishedCertificate | string {
    const users = this.#users.get(name);
    if (users === undefined) {
      this.#read.delete(name);
      return "";
    }
    const named = [...users.values()].flat();
    const hosts = [...new Set(named.flatMap((host) => this.#publishedOf(host)))].toSorted();
    if (hosts.length === 0) return "";
    const pair = this.#pairOf(name);
    return typeof pair === "string" ? pair : { name, hosts, ...pair };
  }

  /** Read once for each change of the Secret, however many hosts come and go. */
  #pairOf(name: string): Pair | string {
    const secret = this.#options.secrets.get(name);
    const known = this.#read.get(name);
    if (secret === undefined) this.#read.delete(name);
    else if (known?.of === secret) return known.pair;
    const pair = readPair(secret);
    if (secret !== undefined) this.#read.set(name, { of: secret, pair });
    return pair;
  }
}

type Pair = Pick<PublishedCertificate, "cert" | "key">;

/** Or what is wrong with it. */
function readPair(secret: Secret | undefined): Pair | string {
  const { "tls.crt": crt, "tls.key": secretKey } = secret?.data ?? {};
  if (crt === undefined || secretKey === undefined) return "there is no such TLS Secret yet";
  const cert = Buffer.from(crt, "base64").toString();
  const key = Buffer.from(secretKey, "base64").toString();
  if (cert.length > CERTIFICATE_TEXT || key.length > CERTIFICATE_TEXT) return "it is too large";
  return fits(cert, key) ? { cert, key } : "its key and certificate do not fit";
}

function inParts(whole: PublishedCertificate): PublishedCertificate[] {
  const parts: PublishedCertificate[] = [];
  for (let at = 0; at < whole.hosts.length; at += MOST_HOSTS) {
    const name = partName(whole.name, parts.length);
    parts.push({ ...whole, name, hosts: whole.hosts.slice(at, at + MOST_HOSTS) });
  }
  return parts;
}

/** No Secret has such a name. */
function partName(name: string, nth: number): string {
  return nth === 0 ? name : `${name}#${nth + 1}`;
}

/** Looked at before it leaves the cluster: half of a pair is told here. */
function fits(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function parentOf(host: string): string {
  return host.slice(host.indexOf(".") + 1);
}

function keyOf({ namespace, name }: Ingress["metadata"]): string {
  return `${namespace ?? "default"}/${name}`;
}
