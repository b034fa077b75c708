import type { Clock } from "@warren/host";
import * as v from "valibot";
import type { RecordKind, Records, RecordStore } from "../records/records.ts";
import type { Refusal } from "../registry/admission.ts";
import type { Dns } from "./dns.ts";

/** Who wants to prove a host. */
export interface Prover {
  clusterUuid: string;
  group: string;
}

/** Since when a record of DNS is gone, epoch milliseconds: a restart gives no new grace. */
const Gone = v.looseObject({ since: v.number() });
type Gone = v.InferOutput<typeof Gone>;
const GONE: RecordKind<Gone> = { name: "lost-proofs", schema: Gone, listed: false, secret: false };
const GONE_LIFE_MS = 30 * 86_400_000;

export interface DomainProofsOptions {
  dns: Pick<Dns, "txt">;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  store: RecordStore;
  /** How long after its record is gone a host is given up. */
  graceMs: number;
  /** True when the group has claimed the host before. */
  hasClaimed: (prover: Prover, host: string) => Promise<boolean>;
  /** The record is gone for good: the host is nobody's. */
  onLost: (prover: Prover, host: string) => Promise<void>;
}

/** A host that was proved is asked about again after this, one that was not after that. */
const PROVEN_MS = 600_000;
const UNPROVEN_MS = 15_000;
/** How often is looked which are to be asked about, and which nobody publishes any more. */
const SWEEP_MS = 60_000;
const UNUSED_MS = 900_000;
const MOST_SWEPT = 200;
/** Questions of one cluster: so many at once after a pause, and then so many a second. */
const BURST = 100;
const PER_SECOND = 2;
const AT_ONCE = 50;
const MOST_KNOWN = 50_000;

interface Known {
  readonly prover: Prover;
  readonly host: string;
  isProven: boolean;
  /** Monotonic: when it was last asked, when somebody last published it. */
  askedAt: number;
  usedAt: number;
  /** By the wall clock, as it is kept. */
  goneSince: number | undefined;
  refusal: Refusal | undefined;
}

interface Budget {
  left: number;
  at: number;
}

/** Hosts that clusters may publish because a TXT record says so. */
export class DomainProofs {
  readonly #options: DomainProofsOptions;
  readonly #gone: Records<Gone>;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Refusal | undefined>>();
  readonly #budgets = new Map<string, Budget>();
  #underWay = 0;
  #forget: () => void;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: DomainProofsOptions) {
    this.#options = options;
    this.#gone = options.store.records(GONE);
    this.#forget = this.#sweepLater();
  }

  /** Undefined when the host is proved; else what is missing, in words for whoever owns the domain. */
  check(prover: Prover, host: string): Promise<Refusal | undefined> {
    const key = keyOf(prover, host);
    const now = this.#options.clock.now();
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.usedAt = now;
      const freshMs = known.isProven ? PROVEN_MS : UNPROVEN_MS;
      if (now - known.askedAt < freshMs) return Promise.resolve(known.refusal);
    }
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const answer = this.#ask(prover, host, known).finally(() => this.#asking.delete(key));
    this.#asking.set(key, answer);
    return answer;
  }

  /** Hosts that this cluster has proved. */
  proven({ clusterUuid }: Pick<Prover, "clusterUuid">): string[] {
    const hosts: string[] = [];
    for (const { prover, host, isProven } of this.#known.values())
      if (isProven && prover.clusterUuid === clusterUuid) hosts.push(host);
    return hosts;
  }

  close(): void {
    this.#forget();
  }

  /** Looks now whether what was proved still is. */
  sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.then(() => this.#sweep());
    return this.#sweeping;
  }

  async #ask(prover: Prover, host: string, known: Known | undefined): Promise<Refusal | undefined> {
    if (!this.#spend(prover)) return known?.isProven ? undefined : TOO_MANY;
    this.#underWay += 1;
    const said = await this.#options.dns
      .txt(recordOf(host))
      .then((texts) => (texts.some((text) => proves(text, prover)) ? "proven" : "absent"))
      .catch((reason: NodeJS.ErrnoException) => ({ failed: reason.code ?? "failed" }))
      .finally(() => (this.#underWay -= 1));
    const one = this.#remember(prover, host, known);
    one.askedAt = this.#options.clock.now();
    if (said === "proven") {
      one.isProven = true;
      if (known === undefined || one.goneSince !== undefined) await this.#found(one);
    } else if (!one.isProven && known === undefined) {
      // After a restart of the gateway: what was claimed before has its grace.
      one.isProven = await this.#options.hasClaimed(prover, host).catch(() => false);
    }
    if (said === "absent" && one.isProven) await this.#missed(one);
    one.refusal = one.isProven ? undefined : refusalOf(prover, host, said);
    return one.refusal;
  }

  async #found(one: Known): Promise<void> {
    one.goneSince = undefined;
    await this.#gone.remove(keyOf(one.prover, one.host)).catch(() => {});
  }

  async #missed(one: Known): Promise<void> {
    const { graceMs, onLost, wallClock } = this.#options;
    const now = wallClock();
    one.goneSince ??= await this.#goneSince(one, now).catch(() => now);
    if (now - one.goneSince < graceMs) return;
    one.isProven = false;
    await onLost(one.prover, one.host);
  }

  /** As the first gateway found it, also one that has stopped since. */
  async #goneSince({ prover, host }: Known, now: number): Promise<number> {
    const id = keyOf(prover, host);
    const kept = await this.#gone.read(id);
    if (kept !== undefined) return kept.value.since;
    const untilMs = now + this.#options.graceMs + GONE_LIFE_MS;
    await this.#gone.put(id, { since: now }, { fence: undefined, untilMs });
    return now;
  }

  #remember(prover: Prover, host: string, known: Known | undefined): Known {
    if (known !== undefined) return known;
    const now = this.#options.clock.now();
    const fresh: Known = {
      prover,
      host,
      isProven: false,
      askedAt: now,
      usedAt: now,
      goneSince: undefined,
      refusal: undefined,
    };
    if (this.#known.size < MOST_KNOWN) this.#known.set(keyOf(prover, host), fresh);
    return fresh;
  }

  /** A cluster that publishes made-up hosts asks no more than its share. */
  #spend({ clusterUuid }: Prover): boolean {
    if (this.#underWay >= AT_ONCE) return false;
    const now = this.#options.clock.now();
    const budget = this.#budgets.get(clusterUuid) ?? { left: BURST, at: now };
    budget.left = Math.min(BURST, budget.left + ((now - budget.at) / 1_000) * PER_SECOND);
    budget.at = now;
    this.#budgets.set(clusterUuid, budget);
    if (budget.left < 1) return false;
    budget.left -= 1;
    return true;
  }

  async #sweep(): Promise<void> {
    const now = this.#options.clock.now();
    for (const [key, one] of this.#known)
      if (now - one.usedAt >= UNUSED_MS) this.#known.delete(key);
    for (const [uuid, { at }] of this.#budgets)
      if (now - at >= UNUSED_MS) this.#budgets.delete(uuid);
    const old = [...this.#known.values()]
      .filter(({ isProven, askedAt }) => isProven && now - askedAt >= PROVEN_MS)
      .slice(0, MOST_SWEPT);
    for (const one of old) await this.#ask(one.prover, one.host, one).catch(() => undefined);
  }

  #sweepLater(): () => void {
    return this.#options.clock.after(SWEEP_MS, () => {
      void this.sweep().then(() => (this.#forget = this.#sweepLater()));
    });
  }
}

/** Where the record is: of a wildcard, at what it is below of. */
export function recordOf(host: string): string {
  return `_warren.${host.replace(/^\*+\./, "")}`;
}

/** What has to be in it. */
export function proofOf({ clusterUuid }: Pick<Prover, "clusterUuid">): string {
  return `warren-cluster=${clusterUuid}`;
}

/** When a refused route comes again: what agents do (announcer.ts), at the latest. */
export const SAID_AGAIN = "again and again, at the latest after 5 minutes";

const TOO_MANY: Refusal = {
  code: "rate_limited",
  message: "more hosts than can be looked up now: this one is looked up when it is said again",
};

function proves(text: string, { clusterUuid, group }: Prover): boolean {
  const said = text.trim();
  return said.toLowerCase() === proofOf({ clusterUuid }) || said === `warren-group=${group}`;
}

function refusalOf(
  prover: Prover,
  host: string,
  said: "proven" | "absent" | { failed: string },
): Refusal {
  const record = `${recordOf(host)} TXT "${proofOf(prover)}"`;
  const why =
    typeof said === "object"
      ? `DNS could not be asked (${said.failed}); needed is ${record}`
      : `the token does not cover this host: make the DNS record ${record}; it is looked for ${SAID_AGAIN}`;
  return { code: "host_not_allowed", message: why };
}

function keyOf({ clusterUuid }: Prover, host: string): string {
  return `${clusterUuid} ${host}`;
}
