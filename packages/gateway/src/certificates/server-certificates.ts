import { CertificateLayers, type Certificate, type CertificateSet } from "@warren/host";
import type { CertificateChoice } from "../front/front-context.ts";

/** Where the certificates of the TLS listener come from; undefined: not from there. */
export interface CertificateSources {
  /** The operator's folder. */
  folder: CertificateSet;
  /** What clusters publish. */
  clusters: CertificateSet | undefined;
  /** What a CA issued; may get one while a handshake waits. */
  acme:
    | (CertificateSet & { find(serverName: string): Promise<Certificate | undefined> })
    | undefined;
}

/**
 * Which certificate answers: the operator's own, then the one that a cluster published, then the one
 * that was ordered (docs/decisions/0320).
 */
export class ServerCertificates extends CertificateLayers implements CertificateChoice {
  readonly #acme: CertificateSources["acme"];

  constructor({ folder, clusters, acme }: CertificateSources) {
    super([folder, clusters, acme].filter((set) => set !== undefined));
    this.#acme = acme;
  }

  async find(serverName: string): Promise<Certificate | undefined> {
    return this.#acme?.find(serverName);
  }
}
