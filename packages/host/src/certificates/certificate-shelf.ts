import type { SecureContext } from "node:tls";
import type { CertificateSet } from "./certificate-layers.ts";
import { serverContext, type Certificate, type CertificatePem } from "./certificate.ts";

/** A certificate on a shelf; its context is made when somebody asks for it. */
export type ShelvedCertificate = Omit<Certificate, "context">;

interface Shelved {
  readonly certificate: Certificate;
  readonly hosts: readonly string[];
}

/**
 * Certificates in memory that come and go one by one, each under an id and for the hosts that it may
 * answer for, which may be fewer than it names. What a change costs does not grow with their number.
 * Only the contexts used last are kept: each takes some tens of kilobytes.
 */
export class CertificateShelf implements CertificateSet {
  readonly #byId = new Map<string, Shelved>();
  /** By host, or by what follows the `*` of a wildcard; the one that lasts longest first. */
  readonly #exact = new Map<string, Shelved[]>();
  readonly #wildcard = new Map<string, Shelved[]>();
  readonly #contexts: Contexts;

  constructor(mostContexts: number) {
    this.#contexts = new Contexts(mostContexts);
  }

  get size(): number {
    return this.#byId.size;
  }
  get(id: string): Certificate | undefined {
    return this.#byId.get(id)?.certificate;
  }
  ids(): string[] {
    return [...this.#byId.keys()];
  }

  put(id: string, certificate: ShelvedCertificate, hosts: readonly string[]): void {
    const before = this.#byId.get(id);
    if (before !== undefined) this.#take(id, before);
    if (before?.certificate.pem !== certificate.pem && before !== undefined)
      this.#contexts.forget(before.certificate.pem);
    const shelved = { certificate: this.#contexts.with(certificate), hosts };
    this.#byId.set(id, shelved);
    for (const host of hosts) {
      const [map, key] = this.#placeOf(host);
      const list = [...(map.get(key) ?? []), shelved];
      map.set(
        key,
        list.sort((a, b) => b.certificate.expiresAt - a.certificate.expiresAt),
      );
    }
  }

  /** False when there was none. */
  delete(id: string): boolean {
    const shelved = this.#byId.get(id);
    if (shelved === undefined) return false;
    this.#take(id, shelved);
    this.#contexts.forget(shelved.certificate.pem);
    return true;
  }

  #take(id: string, shelved: Shelved): void {
    this.#byId.delete(id);
    for (const host of shelved.hosts) {
      const [map, key] = this.#placeOf(host);
      const left = map.get(key)?.filter((one) => one !== shelved) ?? [];
      if (left.length > 0) map.set(key, left);
      else map.delete(key);
    }
  }

  choose(serverName: string | undefined): Certificate | undefined {
    if (serverName === undefined) return undefined;
    const exact = this.#exact.get(serverName)?.[0];
    if (exact !== undefined) return exact.certificate;
    const dot = serverName.indexOf(".");
    return dot > 0 ? this.#wildcard.get(serverName.slice(dot))?.[0]?.certificate : undefined;
  }

  #placeOf(host: string): [Map<string, Shelved[]>, string] {
    return host.startsWith("*.") ? [this.#wildcard, host.slice(1)] : [this.#exact, host];
  }
}

/** Contexts by certificate, those used last. */
class Contexts {
  readonly #most: number;
  /** In the order of their last use. */
  readonly #made = new Map<CertificatePem, SecureContext>();

  constructor(most: number) {
    this.#most = most;
  }

  with(certificate: ShelvedCertificate): Certificate {
    const contextOf = (): SecureContext => this.#of(certificate.pem);
    const { name, hosts, validFrom, expiresAt, digest, pem } = certificate;
    const facts = { name, hosts, validFrom, expiresAt, digest, pem };
    return Object.defineProperty(facts, "context", { get: contextOf }) as Certificate;
  }

  forget(pem: CertificatePem): void {
    this.#made.delete(pem);
  }

  #of(pem: CertificatePem): SecureContext {
    const context = this.#made.get(pem) ?? serverContext(pem);
    this.#made.delete(pem);
    this.#made.set(pem, context);
    const [oldest] = this.#made.keys();
    if (this.#made.size > this.#most && oldest !== undefined) this.#made.delete(oldest);
    return context;
  }
}
