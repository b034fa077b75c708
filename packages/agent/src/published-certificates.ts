import { createHash } from "node:crypto";
import type { PublishedCertificate } from "@warren/wire";

export interface CertificatesChange {
  readonly put: readonly string[];
  readonly removed: readonly string[];
}

interface Entry {
  readonly certificate: PublishedCertificate;
  readonly digest: string;
}

/**
 * Certificates that this agent brings to gateways with its hosts. Nothing is said of them before the
 * source knows all of its own: a set that is not whole would take away what others said before.
 */
export class PublishedCertificates {
  readonly #entries = new Map<string, Entry>();
  readonly #heard = new Set<(change: CertificatesChange) => void>();
  #isWhole = false;

  get isWhole(): boolean {
    return this.#isWhole;
  }
  get size(): number {
    return this.#entries.size;
  }

  get(name: string): PublishedCertificate | undefined {
    return this.#entries.get(name)?.certificate;
  }

  /** Names and digests, in the order of the names. */
  listed(): { name: string; digest: string }[] {
    return [...this.#entries]
      .map(([name, { digest }]) => ({ name, digest }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Everything that there was at the start is in the table. */
  becomeWhole(): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.#tell({ put: [], removed: [] });
  }

  put(certificate: PublishedCertificate): void {
    const { name } = certificate;
    const digest = digestOf(certificate);
    if (this.#entries.get(name)?.digest === digest) return;
    this.#entries.set(name, { certificate, digest });
    this.#tell({ put: [name], removed: [] });
  }

  remove(name: string): void {
    if (this.#entries.delete(name)) this.#tell({ put: [], removed: [name] });
  }

  onChange(heard: (change: CertificatesChange) => void): () => void {
    this.#heard.add(heard);
    return () => void this.#heard.delete(heard);
  }

  #tell(change: CertificatesChange): void {
    for (const heard of this.#heard) heard(change);
  }
}

/** As gateways compute it (docs/protocol.md §4). */
function digestOf({ cert, key, hosts }: PublishedCertificate): string {
  const sorted = hosts.toSorted().join(" ");
  return createHash("sha256").update(`${cert}\0${key}\0${sorted}`).digest("base64url");
}
