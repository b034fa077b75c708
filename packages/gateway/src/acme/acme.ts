import { createHash } from "node:crypto";
import { wait, type Certificate, type CertificateSet, type Clock } from "@warren/host";
import { CertificateCopies } from "../certificates/certificate-copies.ts";
import type { ClaimedHost } from "../ports.ts";
import type { Records, RecordStore } from "../records/records.ts";
import type { AcmeConfig } from "./acme-config.ts";
import type { AcmeEvents } from "./acme-events.ts";
import { acmeKinds, keptUntil, type Issued, type Setback } from "./acme-records.ts";
import { Challenges } from "./challenges.ts";
import { Issuer } from "./issuer.ts";
import { isOrderable } from "./orderable.ts";
import { Renewals } from "./renewals.ts";

export interface AcmeOptions {
  config: AcmeConfig;
  store: RecordStore;
  claimOf: (host: string) => ClaimedHost | undefined | Promise<ClaimedHost | undefined>;
  /** True where a certificate of the operator's or of a cluster answers. */
  isCovered: (host: string) => boolean;
  events: AcmeEvents;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  random: () => number;
}

/** How often is looked what is due, give or take a quarter. */
const SWEEP_MS = 30_000;
/** Shorter than a connection may take to say what it is. */
const HANDSHAKE_WAIT_MS = 8_000;
const MOST_HANDSHAKES = 200;
/** Published hosts without a certificate that are remembered here. */
const MOST_WANTED = 20_000;

/** What is known of a host's certificate at the CA. */
export interface AcmeState {
  issued: Pick<Issued, "renewAt" | "expiresAt"> | undefined;
  setback: Setback | undefined;
  /** Which limit of this gateway it waits for. */
  refusal: string | undefined;
  isUnderWay: boolean;
  isOrderable: boolean;
}

/** Certificates from a CA, for hosts that clusters have claimed and serve, and for the gateway's own. */
export class Acme implements CertificateSet, AsyncDisposable {
  readonly challenges: Challenges;
  readonly #options: AcmeOptions;
  readonly #copies: CertificateCopies<Issued>;
  readonly #setbacks: Records<Setback>;
  readonly #issuer: Issuer;
  readonly #renewals: Renewals;
  readonly #stop = new AbortController();
  readonly #wanted = new Set<string>();
  /** Names under wildcards that are due, and that somebody has asked for since. */
  readonly #used = new Set<string>();
  #sweeping: Promise<void> = Promise.resolve();
  #handshakes = 0;
  #forget: () => void = () => {};

  private constructor(options: AcmeOptions) {
    this.#options = options;
    const { config, store, events, wallClock } = options;
    const kinds = acmeKinds(shortName(config.directory));
    const certificates = store.records(kinds.certificates);
    this.#setbacks = store.records(kinds.setbacks);
    this.challenges = new Challenges({ answers: store.records(kinds.answers), wallClock });
    this.#copies = new CertificateCopies({
      records: certificates,
      hostsOf: async (host) => [host],
      wallClock,
      onProblem: (host, problem) => events.stuck(`certificate of ${host}`, problem),
      lasting: keptUntil,
      onChange: () => {},
    });
    const claimOf = (host: string) => this.#claimOf(host);
    const shared = { ...options, claimOf, copies: this.#copies, leases: store.leases };
    this.#issuer = new Issuer({
      ...shared,
      certificates,
      account: store.records(kinds.account),
      setbacks: this.#setbacks,
      challenges: this.challenges,
      signal: this.#stop.signal,
    });
    this.#renewals = new Renewals({ ...shared, issuer: this.#issuer });
  }

  /** Resolves when what gateways have already is in force here, or cannot be read for now. */
  static async open(options: AcmeOptions): Promise<Acme> {
    const acme = new Acme(options);
    await acme.#refresh();
    acme.#sweepLater();
    return acme;
  }

  choose(serverName: string | undefined): Certificate | undefined {
    const chosen = this.#copies.choose(serverName);
    if (chosen !== undefined && serverName !== undefined) this.#asked(serverName.toLowerCase());
    return chosen;
  }

  /** Somebody uses a name under a wildcard: when it is time to renew it, it is. */
  #asked(host: string): void {
    const issued = this.#copies.value(host);
    if (issued === undefined || issued.claim === host) return;
    if (this.#options.wallClock() >= issued.renewAt) this.#used.add(host);
  }

  /** True for a name of the gateway itself, for which no cluster is asked. */
  isOwn(host: string): boolean {
    return this.#options.config.ownHosts.includes(host);
  }

  /** Hosts were published here: those that need a certificate get one before anybody asks. */
  wanted(hosts: Iterable<string>): void {
    for (const host of hosts) {
      if (this.#wanted.size >= MOST_WANTED) return;
      if (this.#wanted.has(host) || !this.#needs(host)) continue;
      this.#wanted.add(host);
      void this.#obtain(host).catch((reason: unknown) => this.#options.events.stuck(host, reason));
    }
  }

  /**
   * For a handshake: a certificate that another gateway has, or that comes within moments. An order
   * begins here for claimed hosts alone, whatever a client asks for.
   */
  async find(serverName: string): Promise<Certificate | undefined> {
    if (this.#handshakes >= MOST_HANDSHAKES || !isOrderable(serverName)) return undefined;
    this.#handshakes += 1;
    const patience = new AbortController();
    try {
      const over = wait(this.#options.clock, HANDSHAKE_WAIT_MS, patience.signal);
      await Promise.race([this.#obtain(serverName), over]);
      return this.choose(serverName);
    } finally {
      patience.abort();
      this.#handshakes -= 1;
    }
  }

  async state(host: string): Promise<AcmeState> {
    const value = this.#copies.value(host);
    const setback = await this.#setbacks.read(host).catch(() => undefined);
    const claim = await this.#claimOf(host);
    return {
      issued: value && { renewAt: value.renewAt, expiresAt: value.expiresAt },
      setback: setback?.value,
      refusal: claim?.served === true ? this.#issuer.refusalOf(host, claim) : undefined,
      isUnderWay: this.#issuer.isUnderWay(host),
      isOrderable: isOrderable(host),
    };
  }

  /** Looks now at what is due. */
  sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.then(() => this.#sweep());
    return this.#sweeping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget();
    this.#stop.abort();
    this.#copies.close();
    await this.#sweeping;
    await this.#issuer.close();
  }

  #needs(host: string): boolean {
    const { isCovered } = this.#options;
    return isOrderable(host) && this.#copies.value(host) === undefined && !isCovered(host);
  }

  #claimOf(host: string): ReturnType<AcmeOptions["claimOf"]> {
    return this.isOwn(host) ? ownClaim(host) : this.#options.claimOf(host);
  }

  async #obtain(host: string): Promise<void> {
    const claim = await this.#claimOf(host);
    if (claim?.served !== true) return void this.#wanted.delete(host);
    const outcome = await this.#issuer.obtain(host, claim);
    if (outcome === "issued" || outcome === "there" || outcome === "unclaimed")
      this.#wanted.delete(host);
  }

  async #refresh(): Promise<void> {
    const { events } = this.#options;
    await this.#copies.refresh().catch((reason: unknown) => events.stuck("shared store", reason));
    events.counted("acme", this.#copies.size, this.#copies.soonest);
  }

  async #sweep(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { events } = this.#options;
    try {
      await this.#refresh();
      await this.#renewals.ask();
      // Not at the start: balancers lead nobody here yet, the CA neither. Who dials begins it sooner.
      this.wanted(this.#options.config.ownHosts);
      const hosts = [...this.#renewals.due(), ...this.#wanted, ...this.#used];
      this.#used.clear();
      await Promise.all(hosts.map((host) => this.#obtain(host)));
    } catch (reason) {
      events.stuck("renewals", reason);
    }
  }

  #sweepLater(): void {
    if (this.#stop.signal.aborted) return;
    const { clock, random } = this.#options;
    const waitMs = SWEEP_MS * (0.75 + random() / 2);
    this.#forget = clock.after(waitMs, () => void this.sweep().then(() => this.#sweepLater()));
  }
}

function ownClaim(host: string): ClaimedHost {
  return { pattern: host, group: "", served: true };
}

/** Of a CA's directory: it is part of names. */
function shortName(directory: string): string {
  return createHash("sha256").update(directory).digest("hex").slice(0, 12);
}
