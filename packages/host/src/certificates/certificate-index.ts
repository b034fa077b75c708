import type { Certificate } from "./certificate.ts";

/** Which certificate answers for which name: exact before a wildcard of depth one (RFC 6125 §6.4.3). */
export class CertificateIndex {
  readonly #exact = new Map<string, Certificate>();
  /** By what follows the `*`, dot included. */
  readonly #wildcard = new Map<string, Certificate>();
  readonly #only: Certificate | undefined;

  /** Of two that name the same host the one that lasts longer answers. */
  constructor(certificates: readonly Certificate[]) {
    this.#only = certificates.length === 1 ? certificates[0] : undefined;
    for (const certificate of [...certificates].sort((a, b) => a.expiresAt - b.expiresAt)) {
      for (const host of certificate.hosts) {
        if (host.startsWith("*.")) this.#wildcard.set(host.slice(1), certificate);
        else this.#exact.set(host, certificate);
      }
    }
  }

  /** A client that names no host gets the certificate if there is but one. */
  choose(host: string | undefined): Certificate | undefined {
    if (host === undefined || host === "") return this.#only;
    const name = host.toLowerCase();
    const dot = name.indexOf(".");
    return this.#exact.get(name) ?? (dot > 0 ? this.#wildcard.get(name.slice(dot)) : undefined);
  }
}
