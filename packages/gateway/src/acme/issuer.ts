import { readFile } from "node:fs/promises";
import { wait, type Clock } from "@warren/host";
import { FairLine } from "../access/fair-line.ts";
import type { CertificateCopies } from "../certificates/certificate-copies.ts";
import type { ClaimedHost } from "../ports.ts";
import type { Lease, Leases, Records } from "../records/records.ts";
import type { AcmeConfig } from "./acme-config.ts";
import type { AcmeEvents } from "./acme-events.ts";
import { orderCertificate } from "./acme-order.ts";
import type { Account, Issued, Setback } from "./acme-records.ts";
import { setbackOf } from "./back-off.ts";
import { CaClient, type ChallengeType } from "./ca-client.ts";
import { CaProblem } from "./ca-problem.ts";
import type { Challenges } from "./challenges.ts";
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
/** A certificate is kept a little beyond its end, for those who look why. */
const AFTER_END_MS = 86_400_000;
const FOR_EVER_MS = 10 * 365 * 86_400_000;
/** The account is registered by one gateway, the others wait for it. */
const ACCOUNT_WAIT_MS = 1_000;
const ACCOUNT_TRIES = 30;
const ASK_FIRST_MS = 21_600_000;
const REFUSAL_TOLD_MS = 3_600_000;

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
 * I3. Claim groups take turns, and each may order so much in an hour.
 */
export class Issuer {
  readonly #options: IssuerOptions;
  readonly #line = new FairLine<Wish>();
  readonly #wishes = new Map<string, Wish>();
  readonly #toldRefusals = new Map<string, number>();
  /** New ones that are being ordered, and the claim of each. */
  readonly #ordering = new Map<string, string>();
  #running = 0;
  #ca: Promise<CaClient> | undefined;

  constructor(options: IssuerOptions) {
    this.#options = options;
  }

  /** Orders, if it is due, and says what came of it. Calls for one host share one order. */
  obtain(host: string, group: string): Promise<Outcome> {
    const known = this.#wishes.get(host);
    if (known !== undefined) return known.done.promise;
    if (this.#wishes.size >= MOST_WAITING) return Promise.resolve("waiting");
    const wish = { host, done: Promise.withResolvers<Outcome>() };
    this.#wishes.set(host, wish);
    this.#line.push([group], wish);
    this.#next();
    return wish.done.promise;
  }

  /** True while it is in line, or under way. */
  isUnderWay(host: string): boolean {
    return this.#wishes.has(host);
  }

  /** The CA, with this fleet's account. Rejects with a CaProblem. */
  ca(): Promise<CaClient> {
    this.#ca ??= this.#open().catch((reason: unknown) => {
      this.#ca = undefined;
      throw reason;
    });
    return this.#ca;
  }

  async close(): Promise<void> {
    (await this.#ca?.catch(() => undefined))?.close();
  }

  #next(): void {
    while (this.#running < this.#options.config.atOnce) {
      const wish = this.#line.shift();
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
    const before = (await setbacks.read(host))?.value;
    if (before !== undefined && before.retryAt > wallClock()) return "waiting";
    const lease = await leases.take(`acme ${host}`); // I2
    if (lease === undefined) return "waiting";
    try {
      // Another may have been here between the look and the lease.
      await copies.load(host);
      if (!this.#isDue(host)) return "there";
      const isNew = copies.value(host) === undefined;
      const granted = this.#isGranted(host, claim);
      // In the turn in which names are counted, before anything is waited for.
      if (isNew) this.#ordering.set(host, claim.pattern);
      if (!(await granted)) return "refused";
      return await this.#order(lease, host, { claim, before });
    } finally {
      this.#ordering.delete(host);
      await lease.release();
    }
  }

  #isDue(host: string): boolean {
    const known = this.#options.copies.value(host);
    return known === undefined || this.#options.wallClock() >= known.renewAt;
  }

  async #isGranted(host: string, { pattern, group }: ClaimedHost): Promise<boolean> {
    const { config, copies, leases } = this.#options;
    const renews = copies.value(host) !== undefined;
    if (pattern !== host && !renews && this.#namesUnder(pattern, host) >= config.wildcardNames)
      return this.#refuse(host, pattern, "its wildcard claim has its --acme-names");
    if (renews || (await leases.spend(`acme group ${group}`, config.ordersPerHour))) return true; // I3
    return this.#refuse(host, `group ${group}`, "its claim group has had its --acme-orders");
  }

  /** With those that are being ordered here, which would all be one too many together. */
  #namesUnder(pattern: string, host: string): number {
    let count = 0;
    for (const [other, under] of this.#ordering)
      if (under === pattern && other !== host) count += 1;
    for (const [, { value }] of this.#options.copies.entries())
      if (value.claim === pattern) count += 1;
    return count;
  }

  /** Said once an hour for each limit: whoever asks for made-up names does not fill the log. */
  #refuse(host: string, limit: string, reason: string): false {
    const now = this.#options.wallClock();
    if (now - (this.#toldRefusals.get(limit) ?? -Infinity) < REFUSAL_TOLD_MS) return false;
    if (this.#toldRefusals.size >= MOST_WAITING) this.#toldRefusals.clear();
    this.#toldRefusals.set(limit, now);
    this.#options.events.refused(host, reason);
    return false;
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
    try {
      const ca = await this.ca();
      const order = { ca, challenges, lease, host, challenge, replaces };
      const certified = await orderCertificate(order);
      const { cert, key, expiresAt } = certified;
      const now = wallClock();
      const renewAt = planRenewal(certified, undefined, this.#options.random);
      const ends = { expiresAt, renewAt, askAt: Math.min(now + ASK_FIRST_MS, renewAt) };
      await this.keep(lease, host, { cert, key, issuedAt: now, claim: claim.pattern, ...ends });
      if (before !== undefined) await setbacks.remove(host);
      events.issued(host, expiresAt, old !== undefined);
      return "issued";
    } catch (reason) {
      if (!(reason instanceof CaProblem)) throw reason;
      if (this.#options.signal.aborted) return "waiting";
      await this.#failed(host, reason, { before, challenge });
      return "failed";
    }
  }

  /** Kept for all gateways, unless another has taken the lease since. */
  async keep(lease: Lease, host: string, issued: Issued): Promise<void> {
    const { certificates, copies } = this.#options;
    const untilMs = issued.expiresAt + AFTER_END_MS;
    await certificates.put(host, issued, { fence: lease.fence, untilMs });
    await copies.load(host);
  }

  async #failed(
    host: string,
    problem: CaProblem,
    { before, challenge }: { before: Setback | undefined; challenge: ChallengeType },
  ): Promise<void> {
    const { events, random, setbacks, wallClock } = this.#options;
    const now = wallClock();
    const setback = setbackOf(problem, before, { now, random, challenge });
    const untilMs = now + SETBACK_LIFE_MS;
    await setbacks.put(host, setback, { fence: undefined, untilMs });
    events.failed(host, problem, setback.retryAt);
  }

  #challengeAfter(before: Setback | undefined): ChallengeType {
    const { challenges } = this.#options.config;
    const last = challenges.findIndex((one) => one === before?.challenge);
    const away = before?.type === "unreachable" || before?.type === "busy";
    return challenges[(last + (away && last >= 0 ? 0 : 1)) % challenges.length]!;
  }

  async #open(): Promise<CaClient> {
    const { config, clock, wallClock, signal, events } = this.#options;
    const authority =
      config.caFile === undefined ? undefined : await readFile(config.caFile, "utf8");
    const options = { directory: config.directory, authority, clock, wallClock, signal };
    const known = await this.#account();
    if (known?.url !== undefined) return CaClient.open(options, known as Account & { url: string });
    for (let tries = 0; tries < ACCOUNT_TRIES; tries++) {
      const lease = await this.#options.leases.take("acme account");
      if (lease !== undefined) {
        try {
          return await this.#register(options, lease);
        } finally {
          await lease.release();
        }
      }
      await wait(clock, ACCOUNT_WAIT_MS, signal);
      const made = await this.#account();
      if (made?.url !== undefined) return CaClient.open(options, { key: made.key, url: made.url });
    }
    events.stuck("account", undefined);
    throw new CaProblem("lease", "another gateway registers the account", {
      retryAfterMs: undefined,
    });
  }

  async #account(): Promise<Account | undefined> {
    return (await this.#options.account.read("account"))?.value;
  }

  /** The key is kept before the CA hears of it: a gateway that dies in between loses no account. */
  async #register(options: Parameters<typeof CaClient.open>[0], lease: Lease): Promise<CaClient> {
    const { account, config, events, wallClock } = this.#options;
    const known = await this.#account();
    const key = known?.key ?? (await CaClient.newKey());
    const untilMs = wallClock() + FOR_EVER_MS;
    const how = { fence: lease.fence, untilMs };
    if (known === undefined) await account.put("account", { key }, how);
    const ca = await CaClient.open(options, { key, url: known?.url });
    const url = await ca.register(config.email);
    await account.put("account", { key, url }, how);
    events.registered(config.directory);
    return ca;
  }
}
