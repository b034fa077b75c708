import type { CertificateCopies } from "../certificates/certificate-copies.ts";
import type { ClaimedHost } from "../ports.ts";
import type { Leases } from "../records/records.ts";
import type { AcmeConfig } from "./acme-config.ts";
import type { AcmeEvents } from "./acme-events.ts";
import type { Issued } from "./acme-records.ts";

export interface OrderLimitsOptions {
  config: Pick<AcmeConfig, "wildcardNames" | "newNamesPerWeek" | "ordersPerHour">;
  copies: Pick<CertificateCopies<Issued>, "value" | "entries">;
  leases: Leases;
  events: Pick<AcmeEvents, "refused">;
  wallClock: () => number;
}

type Claimed = Pick<ClaimedHost, "pattern" | "group">;

const WEEK_MS = 7 * 86_400_000;
/** Who has had its orders is looked at again after this. */
const SPENT_MS = 60_000;
const TOLD_MS = 3_600_000;
/** Of what is remembered. */
const MOST = 20_000;

/**
 * How many first certificates there may be; renewals are not counted. Hosts that clusters publish are bounded by
 * their claim group alone. Names under wildcards are made up by whoever asks: they have bounds of their
 * own, so that they use up neither what their group may order nor what a CA issues for their domain
 * in a week (docs/decisions/0427).
 */
export class OrderLimits {
  readonly #options: OrderLimitsOptions;
  /** What is being ordered, and the claim of each. */
  readonly #ordering = new Map<string, string>();
  /** Leases that have nothing left, and when they are looked at again. */
  readonly #spent = new Map<string, number>();
  readonly #told = new Map<string, number>();

  constructor(options: OrderLimitsOptions) {
    this.#options = options;
  }

  /** Why a host gets no first certificate now, as far as this gateway can tell by itself. */
  refusalOf(host: string, claim: Claimed): string | undefined {
    const { config, copies } = this.#options;
    if (copies.value(host) !== undefined) return undefined;
    if (isName(host, claim)) {
      const { standing, lately, domain } = this.#countNames(host, claim);
      if (standing >= config.wildcardNames)
        return `its wildcard claim ${claim.pattern} has its --acme-names`;
      if (lately >= config.newNamesPerWeek)
        return `names under wildcards of ${domain} have had this week's --acme-new-names`;
    }
    return this.#purses(host, claim).find(({ name }) => this.#isSpent(name))?.refusal;
  }

  /** The same, and it is told. */
  isRefused(host: string, claim: Claimed): boolean {
    const reason = this.refusalOf(host, claim);
    if (reason !== undefined) this.#tell(host, claim, reason);
    return reason !== undefined;
  }

  /** Takes one of the orders that there may be in an hour; false, and told, when there is none left. */
  async spend(host: string, claim: Claimed): Promise<boolean> {
    const { leases, wallClock } = this.#options;
    for (const { name, most, refusal } of this.#purses(host, claim)) {
      if (await leases.spend(name, most)) continue;
      if (this.#spent.size >= MOST) this.#spent.clear();
      this.#spent.set(name, wallClock() + SPENT_MS);
      this.#tell(host, claim, refusal);
      return false;
    }
    return true;
  }

  /** Counts from the turn on in which it was allowed, before anything is waited for. */
  begin(host: string, { pattern }: Claimed): void {
    this.#ordering.set(host, pattern);
  }
  end(host: string): void {
    this.#ordering.delete(host);
  }

  #purses(host: string, claim: Claimed): { name: string; most: number; refusal: string }[] {
    const { ordersPerHour } = this.#options.config;
    const { group } = claim;
    const all = {
      name: `acme group ${group}`,
      most: ordersPerHour,
      refusal: "its claim group has had this hour's --acme-orders",
    };
    if (!isName(host, claim)) return [all];
    const half = {
      name: `acme names ${group}`,
      most: Math.ceil(ordersPerHour / 2),
      refusal: "names under wildcards have had their half of its claim group's --acme-orders",
    };
    // In this order: what the half refuses has taken nothing of the whole, which is the rest of the group's.
    return [half, all];
  }

  #isSpent(name: string): boolean {
    return this.#options.wallClock() < (this.#spent.get(name) ?? -Infinity);
  }

  /** Names under this wildcard, and new ones under all of its domain; with those that are being ordered here. */
  #countNames(host: string, { pattern }: Claimed) {
    const domain = domainOf(pattern);
    const since = this.#options.wallClock() - WEEK_MS;
    let standing = 0;
    let lately = 0;
    for (const [other, claim] of this.#ordering) {
      if (other === host || !claim.startsWith("*")) continue;
      if (claim === pattern) standing += 1;
      if (domainOf(claim) === domain) lately += 1;
    }
    for (const [, { value }] of this.#options.copies.entries()) {
      // One that does not say it is of before there was a count, and may have been renewed since.
      const { claim, firstAt = -Infinity } = value;
      if (claim === pattern) standing += 1;
      if (firstAt > since && claim.startsWith("*") && domainOf(claim) === domain) lately += 1;
    }
    return { standing, lately, domain };
  }

  /** Logged once an hour for each limit: whoever asks for made-up names does not fill the log. */
  #tell(host: string, { group, pattern }: Claimed, reason: string): void {
    const now = this.#options.wallClock();
    const limit = `${group} ${pattern === host ? "" : pattern} ${reason}`;
    const isNews = now - (this.#told.get(limit) ?? -Infinity) >= TOLD_MS;
    this.#options.events.refused(host, reason, isNews);
    if (!isNews) return;
    if (this.#told.size >= MOST) this.#told.clear();
    this.#told.set(limit, now);
  }
}

function isName(host: string, { pattern }: Claimed): boolean {
  return pattern !== host;
}

/** Under which anybody may register a name, below a country's. */
const SECOND = /^(ac|co|com|edu|go|gov|ne|net|or|org)$/;

/** What a CA counts certificates by, as far as it shows without a list of public suffixes: `a.com`, `a.co.uk`. */
export function domainOf(host: string): string {
  const labels = host.split(".");
  const [second = "", top = ""] = labels.slice(-2);
  return labels.slice(top.length === 2 && SECOND.test(second) ? -3 : -2).join(".");
}
