import type { Clock } from "@warren/host";
import type { CertificateCopies } from "../certificates/certificate-copies.ts";
import type { Leases } from "../records/records.ts";
import type { AcmeEvents } from "./acme-events.ts";
import type { Issued } from "./acme-records.ts";
import { CaProblem } from "./ca-problem.ts";
import type { Issuer } from "./issuer.ts";
import { certificateId, planRenewal, type RenewalWindow } from "./renewal-info.ts";

export interface RenewalsOptions {
  issuer: Issuer;
  copies: CertificateCopies<Issued>;
  leases: Leases;
  events: AcmeEvents;
  clock: Clock;
  wallClock: () => number;
  random: () => number;
}

/** Certificates that the CA is asked about in one look: an hour has 120 of those. */
const MOST_ASKED = 100;
const ASK_AGAIN_MS = 3_600_000;

/** Asks the CA when it would have certificates renewed, and keeps what it says for all gateways. */
export class Renewals {
  readonly #options: RenewalsOptions;
  /** Monotonic: a CA that is away is left alone until then. */
  #quietUntil = -Infinity;

  constructor(options: RenewalsOptions) {
    this.#options = options;
  }

  /**
   * Hosts whose certificate should be renewed now, whoever asks. Not names under a wildcard: those
   * were made up by who asked for them once, and are renewed for who asks again.
   */
  due(): string[] {
    const now = this.#options.wallClock();
    const hosts: string[] = [];
    for (const [host, { value }] of this.#options.copies.entries())
      if (now >= value.renewAt && value.claim === host) hosts.push(host);
    return hosts;
  }

  /** One look over all certificates. What fails is tried again by a later one. */
  async ask(): Promise<void> {
    const { clock, copies, events, wallClock } = this.#options;
    if (clock.now() < this.#quietUntil) return;
    const now = wallClock();
    const asked = [...copies.entries()]
      .filter(([, { value }]) => now >= value.askAt && now < value.renewAt)
      .slice(0, MOST_ASKED);
    for (const [host] of asked) {
      try {
        await this.#askOne(host);
      } catch (reason) {
        if (!(reason instanceof CaProblem)) throw reason;
        this.#quietUntil = clock.now() + (reason.retryAfterMs ?? ASK_AGAIN_MS / 4);
        return events.stuck("renewal information", reason);
      }
    }
  }

  async #askOne(host: string): Promise<void> {
    const { copies, issuer, leases, wallClock } = this.#options;
    const lease = await leases.take(`acme ${host}`);
    if (lease === undefined) return;
    try {
      await copies.load(host);
      const issued = copies.value(host);
      if (issued === undefined || wallClock() < issued.askAt) return;
      const id = certificateId(issued.cert);
      const ca = await issuer.ca();
      const { window, askInMs } =
        id === undefined
          ? { window: undefined, askInMs: ASK_AGAIN_MS * 24 }
          : await ca.renewalInfo(id);
      const renewAt = this.#renewAt(host, issued, window);
      await issuer.keep(lease, host, { ...issued, renewAt, askAt: wallClock() + askInMs });
    } finally {
      await lease.release();
    }
  }

  /** What was chosen stays as long as it is within the window (RFC 9773 §4.2). */
  #renewAt(host: string, issued: Issued, window: RenewalWindow | undefined): number {
    const { copies, random } = this.#options;
    if (window === undefined) return issued.renewAt;
    if (issued.renewAt >= window.start && issued.renewAt <= window.end) return issued.renewAt;
    const validFrom = copies.certificate(host)?.validFrom ?? issued.issuedAt;
    return planRenewal({ validFrom, expiresAt: issued.expiresAt }, window, random);
  }
}
