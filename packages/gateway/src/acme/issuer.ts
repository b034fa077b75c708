import type { Clock } from "@warren/host";
import { FairLine } from "../access/fair-line.ts";
import type { CertificateCopies } from "../certificates/certificate-copies.ts";
import type { ClaimedHost } from "../ports.ts";
import type { Lease, Leases, Records } from "../records/records.ts";
import type { AcmeConfig } from "./acme-config.ts";
import type { AcmeEvents } from "./acme-events.ts";
import { orderCertificate } from "./acme-order.ts";
import { keptUntil, type Account, type Issued, type Setback } from "./acme-records.ts";
import { setbackOf } from "./back-off.ts";
import { CaAccount } from "./ca-account.ts";
import type { CaClient, ChallengeType } from "./ca-client.ts";
import { CaPause } from "./ca-pause.ts";
import { CaProblem, isAwayWord, NO_ACCOUNT, RATE_LIMITED } from "./ca-problem.ts";
import type { Challenges } from "./challenges.ts";
import { OrderLimits } from "./order-limits.ts";
import { isOrderable } from "./orderable.ts";
import { certificateId, planRenewal } from "./renewal-info.ts";

export interface IssuerOptions {
  config: AcmeConfig;
  claimOf: (host: string) => ClaimedHost | undefined | Promise<ClaimedHost | undefined>;
  /** True where a certificate of the operator's or of a cluster answers. */
  isCovered: (host: string) => boolean;
  certificates: Records<Issued>;
  account: Records<Account>;
  setbacks: Records<Setback>;
  leases: Leases;
  copies: CertificateCopies<Issued>;
  challenges: Challenges;
  events: AcmeEvents;
  clock: Clock;
  wallClock: () => number;
  random: () => number;
  signal: AbortSignal;
}

/** What became of a wish. */
export type Outcome = "issued" | "there" | "unclaimed" | "waiting" | "failed" | "refused";

/** Hosts that wait for an order: beyond that they are found again by the next sweep. */
const MOST_WAITING = 20_000;
const SETBACK_LIFE_MS = 14 * 86_400_000;
/** However wrong a clock is, a certificate is not renewed sooner. */
const LEAST_LIFE_MS = 6 * 3_600_000;
const ASK_FIRST_MS = 21_600_000;

const OUT_OF_TIME = new CaProblem("clock", "what the CA issued has ended: look at this clock", {
  retryAfterMs: undefined,
});

interface Wish {
  host: string;
  done: PromiseWithResolvers<Outcome>;
}

/**
 * Gets certificates from the CA. Invariants:
 *
 * I1. Nothing is ordered for a host that no cluster has claimed and serves and that is no name of the
 *     gateway, that already has a certificate, or before its back-off ends.
 * I2. One order for a host at a time, over all gateways: under a lease, whose fence decides what is kept.
 * I3. Hosts that clusters publish come before names that somebody asks for under a wildcard. Claim groups
 *     take turns, and how much is ordered is bounded (`OrderLimits`).
 * I4. What is asked for in vain leaves nothing behind in the shared store, and a CA that refuses
 *     everybody is left alone.
 */
export class Issuer {
  readonly #options: IssuerOptions;
  readonly #lines = { hosts: new FairLine<Wish>(), names: new FairLine<Wish>() };
  readonly #wishes = new Map<string, Wish>();
  readonly #limits: OrderLimits;
  readonly #account: CaAccount;
  readonly #pause: CaPause;
  #running = 0;

  constructor(options: IssuerOptions) {
    this.#options = options;
    this.#limits = new OrderLimits(options);
    this.#account = new CaAccount(options);
    this.#pause = new CaPause(options.clock);
  }

  /** Orders, if it is due, and says what came of it. Calls for one host share one order. */
  obtain(host: string, { pattern, group }: ClaimedHost): Promise<Outcome> {
    const known = this.#wishes.get(host);
    if (known !== undefined) return known.done.promise;
    if (this.#wishes.size >= MOST_WAITING) return Promise.resolve("waiting");
    const wish = { host, done: Promise.withResolvers<Outcome>() };
    this.#wishes.set(host, wish);
    this.#lines[pattern === host ? "hosts" : "names"].push([group], wish);
    this.#next();
    return wish.done.promise;
  }

  /** True while it is in line, or under way. */
  isUnderWay(host: string): boolean {
    return this.#wishes.has(host);
  }

  /** Which limit keeps the host without a certificate; undefined where none does. */
  refusalOf(host: string, claim: ClaimedHost): string | undefined {
    return this.#limits.refusalOf(host, claim);
  }

  /** The CA, with this fleet's account. Rejects with a CaProblem. */
  ca(): Promise<CaClient> {
    return this.#account.open();
  }

  close(): Promise<void> {
    return this.#account.close();
  }

  #next(): void {
    while (this.#running < this.#options.config.atOnce) {
      const wish = this.#lines.hosts.shift() ?? this.#lines.names.shift(); // I3
      if (wish === undefined) return;
      this.#running += 1;
      void this.#serve(wish);
    }
  }

  async #serve({ host, done }: Wish): Promise<void> {
    const outcome = await this.#attempt(host).catch((reason: unknown): Outcome => {
      this.#options.events.stuck(host, reason);
      return "waiting";
    });
    this.#wishes.delete(host);
    this.#running -= 1;
    done.resolve(outcome);
    this.#next();
  }

  async #attempt(host: string): Promise<Outcome> {
    const { claimOf, copies, isCovered, leases, setbacks, signal, wallClock } = this.#options;
    const claim = await claimOf(host);
    if (signal.aborted || claim?.served !== true || !isOrderable(host)) return "unclaimed"; // I1
    if (isCovered(host)) return "there";
    await copies.load(host);
    if (!this.#isDue(host)) return "there";
    if (this.#pause.isOn) return "waiting"; // I4
    if (this.#limits.isRefused(host, claim)) return "refused"; // I3
    const before = (await setbacks.read(host))?.value;
    if (before !== undefined && before.retryAt > wallClock()) return "waiting";
    const lease = await leases.take(`acme ${host}`); // I2
    if (lease === undefined) return "waiting";
    try {
      // Another may have been here between the look and the lease.
      await copies.load(host);
      if (!this.#isDue(host)) return "there";
      const isNew = copies.value(host) === undefined;
      if (isNew && this.#limits.isRefused(host, claim)) return "refused";
      if (isNew) this.#limits.begin(host, claim);
      if (isNew && !(await this.#limits.spend(host, claim))) return "refused";
      return await this.#order(lease, host, { claim, before });
    } finally {
      this.#limits.end(host);
      await lease.release();
    }
  }

  #isDue(host: string): boolean {
    const known = this.#options.copies.value(host);
    return known === undefined || this.#options.wallClock() >= known.renewAt;
  }

  async #order(
    lease: Lease,
    host: string,
    { claim, before }: { claim: ClaimedHost; before: Setback | undefined },
  ): Promise<Outcome> {
    const { challenges, copies, events, setbacks, wallClock } = this.#options;
    const old = copies.value(host);
    const challenge = this.#challengeAfter(before);
    const replaces = old === undefined ? undefined : certificateId(old.cert);
    let ca: CaClient | undefined;
    try {
      ca = await this.ca();
      const order = { ca, challenges, lease, host, challenge, replaces };
      const certified = await orderCertificate(order);
      this.#pause.answered();
      const { cert, key, expiresAt } = certified;
      const now = wallClock();
      if (now >= expiresAt) throw OUT_OF_TIME;
      const planned = planRenewal(certified, undefined, this.#options.random);
      const renewAt = Math.max(planned, Math.min(now + LEAST_LIFE_MS, (now + expiresAt) / 2));
      const ends = { expiresAt, renewAt, askAt: Math.min(now + ASK_FIRST_MS, renewAt) };
      const times = { issuedAt: now, firstAt: old?.firstAt ?? old?.issuedAt ?? now, ...ends };
      await this.keep(lease, host, { cert, key, claim: claim.pattern, ...times });
      if (before !== undefined) await setbacks.remove(host);
      events.issued(host, expiresAt, old !== undefined);
      return "issued";
    } catch (reason) {
      if (!(reason instanceof CaProblem)) throw reason;
      if (this.#options.signal.aborted) return "waiting";
      if (reason.type === NO_ACCOUNT && ca !== undefined) await this.#account.forget(ca);
      await this.#failed(host, reason, { before, challenge });
      return "failed";
    }
  }

  /** Kept for all gateways. Rejects with a CaProblem when another has taken the lease since. */
  async keep(lease: Lease, host: string, issued: Issued): Promise<void> {
    const { certificates, copies } = this.#options;
    const how = { fence: lease.fence, untilMs: keptUntil(issued) };
    const kept = await certificates.put(host, issued, how);
    await copies.load(host);
    if (kept) return;
    const text = "another gateway has kept a later certificate";
    throw new CaProblem("lease", text, { retryAfterMs: undefined });
  }

  async #failed(
    host: string,
    problem: CaProblem,
    { before, challenge }: { before: Setback | undefined; challenge: ChallengeType },
  ): Promise<void> {
    const { events, random, setbacks, wallClock } = this.#options;
    if (problem.isAway || problem.type === RATE_LIMITED) this.#pause.refused();
    else this.#pause.answered();
    const now = wallClock();
    const setback = setbackOf(problem, before, { now, random, challenge });
    const untilMs = now + SETBACK_LIFE_MS;
    await setbacks.put(host, setback, { fence: undefined, untilMs });
    events.failed(host, problem, setback.retryAt);
  }

  #challengeAfter(before: Setback | undefined): ChallengeType {
    const { challenges } = this.#options.config;
    const last = challenges.findIndex((one) => one === before?.challenge);
    const away = before !== undefined && isAwayWord(before.type);
    return challenges[(last + (away && last >= 0 ? 0 : 1)) % challenges.length]!;
  }
}
