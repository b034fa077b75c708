import type { Certificate } from "./certificate.ts";

/** Certificates by the name that a ClientHello asks for; `Certificates` and a shelf are such. */
export interface CertificateSet {
  /** Undefined: this one has none for the name. */
  choose(serverName: string | undefined): Certificate | undefined;
}

/** Several sets, of which the first that knows a name answers for it. */
export class CertificateLayers implements CertificateSet {
  readonly #sets: readonly CertificateSet[];

  constructor(sets: readonly CertificateSet[]) {
    this.#sets = sets;
  }

  choose(serverName: string | undefined): Certificate | undefined {
    for (const set of this.#sets) {
      const found = set.choose(serverName);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  misdirected(host: string, serverName: string | undefined): boolean {
    return isMisdirected(this, host, serverName);
  }
}

/**
 * True when a request for `host` may not be answered on a connection made for `serverName`: the
 * host belongs to another certificate (421, RFC 9110 §15.5.20). The other reason for 421, that the
 * host is a passthrough route's, is for whoever knows the routes.
 */
export function isMisdirected(
  set: CertificateSet,
  host: string,
  serverName: string | undefined,
): boolean {
  if (host === serverName) return false;
  const own = set.choose(host);
  return own !== undefined && own !== set.choose(serverName);
}
