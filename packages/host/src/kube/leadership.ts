import { wait, type Clock } from "../clock.ts";
import type { KubeClient } from "./client.ts";
import { isKubeError } from "./kube-error.ts";
import { microTime, sameTerm } from "./lease-record.ts";
import { LEASES, type Lease } from "./resources.ts";

export interface LeadershipOptions {
  client: KubeClient;
  lease: { namespace: string; name: string };
  /** Of this process and of no other: a pod's name and something random. */
  identity: string;
  clock: Clock;
  /** Epoch milliseconds, for what people read in the Lease. */
  wallClock: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  told: (event: LeadershipTold) => void;
  /** Annotations that the holder keeps in the Lease: written with each renewal, read by the others. */
  annotations: () => Record<string, string>;
}

export type LeadershipTold =
  | { kind: "leading"; transitions: number }
  /** `holder` undefined: nobody that is known. */
  | { kind: "following"; holder: string | undefined }
  /** Leadership ended otherwise than by a release. */
  | { kind: "lost"; why: "deadline" | "taken" }
  /** The first failure in a row; `Forbidden` says that the Lease may not be written. */
  | { kind: "failed"; error: unknown };

/** Others wait so long after they saw the holder's last renewal. */
const LEASE_SECONDS = 10;
/** The holder stops so long after it began its last renewal, which is before others may begin. */
const RENEW_DEADLINE_MS = 7_000;
const RETRY_MS = 2_000;
/** `leaseTransitions` is an int32. */
const MOST_TRANSITIONS = 2_147_483_647;

/**
 * One of many leads: whoever holds a Lease (coordination.k8s.io/v1), by the rules of client-go's `leaderelection`.
 *
 * 1. Every write is a compare-and-set on the Lease's resourceVersion.
 * 2. Nobody's wall clock is trusted: a Lease is over when an observer's own monotonic clock saw it unchanged for its
 *    duration.
 * 3. The holder gives up by its own clock before that, also when it was stopped meanwhile: `isLeading` asks the clock.
 * 4. `transitions` grows with every process that begins to lead, also with one of the same identity: it fences what an
 *    earlier one may still say. While one leads they never shrink: a Lease that a person deleted, or that came back from
 *    a backup, gets the holder's own again.
 * 5. Who may not lead (`setWilling`) holds nothing and asks for nothing, but goes on looking.
 */
export class Leadership implements AsyncDisposable {
  readonly #options: LeadershipOptions;
  readonly #client: KubeClient;
  readonly #closing = new AbortController();
  readonly #heard = new Set<(leading: boolean) => void>();
  /** The Lease as it was last seen, and when it last changed by our clock. */
  #seen: { lease: Lease | undefined; at: number } = { lease: undefined, at: 0 };
  #leading = false;
  #until = 0;
  /** The transitions that this leadership last wrote. */
  #term = 0;
  #forgetDeadline = () => {};
  #working: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | undefined;
  #hasFailed = false;
  #holder: string | undefined;
  #isWilling = true;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#client = options.client.within({ timeoutMs: RENEW_DEADLINE_MS - RETRY_MS });
  }

  /** Begins to ask for the Lease; at once it says nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  get isLeading(): boolean {
    return this.#leading && this.#options.clock.now() < this.#until;
  }
  /** Of the Lease as it was last seen; while leading, those of this leadership. */
  get transitions(): number {
    return this.#seen.lease?.spec?.leaseTransitions ?? 0;
  }
  /** An annotation of the Lease as it was last seen. */
  annotation(name: string): string | undefined {
    return this.#seen.lease?.metadata.annotations?.[name];
  }
  /** There was a Lease when it was last looked for. */
  get hasLease(): boolean {
    return this.#seen.lease !== undefined;
  }
  /** Who holds the Lease as far as is known. */
  get holder(): string | undefined {
    return this.#holder;
  }

  /** Hears of each change. What it throws is a bug of the caller's. */
  onChange(heard: (leading: boolean) => void): () => void {
    this.#heard.add(heard);
    return () => void this.#heard.delete(heard);
  }

  /**
   * Makes the transitions at least these, while leading. False: it does not lead, or could not write it. Whoever was told of
   * a higher term than its own goes above it by this.
   */
  raise(transitions: number): Promise<boolean> {
    return this.#alone(async () => {
      if (!this.isLeading || transitions > MOST_TRANSITIONS) return false;
      if (transitions <= this.transitions) return true;
      await this.#attempt(transitions);
      return this.isLeading && this.transitions >= transitions;
    });
  }

  /** Whether it may lead: who may not any more hands the Lease back, who may now asks for it at once. */
  setWilling(willing: boolean): void {
    if (willing === this.#isWilling) return;
    this.#isWilling = willing;
    if (this.#running === undefined || this.#closing.signal.aborted) return;
    void this.#alone(() => (willing ? this.#attempt(0) : this.#handBack()));
  }

  /** Stops asking; hands the Lease back, if it has it, so that another takes it at its next look. */
  async release(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#alone(() => this.#handBack());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#alone(() => this.#attempt(0));
      // Never more than RETRY_MS: a Lease that was handed back is taken within that.
      await wait(clock, RETRY_MS * (1 - random() / 4), signal);
    }
  }

  /** Renewals and raises take turns: each is a compare-and-set on what the one before wrote. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#working.then(task);
    this.#working = done.catch(() => {});
    return done;
  }

  /** Takes or renews the Lease if it is ours to take. Failures are told; the deadline decides what they mean. */
  async #attempt(leastTransitions: number): Promise<void> {
    const began = this.#options.clock.now();
    // The process was stopped for long: others may have led, before its timers told it so.
    if (!this.isLeading) this.#stop("deadline");
    try {
      // While leading, the Lease is as we wrote it, or somebody else's by now.
      const renewed =
        this.isLeading && this.#isWilling && (await this.#write(began, leastTransitions));
      if (!renewed && (await this.#look()) && this.#isWilling)
        await this.#write(began, leastTransitions);
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#options.told({ kind: "failed", error });
      this.#hasFailed = true;
    }
  }

  /** Whether the Lease may be taken, as it is now. */
  async #look(): Promise<boolean> {
    const { lease: name, identity, clock } = this.#options;
    const lease = await this.#client.get(LEASES, name);
    if (!sameTerm(lease, this.#seen.lease)) this.#seen = { lease, at: clock.now() };
    else this.#seen = { lease, at: this.#seen.at };
    const { holderIdentity: holder = "", leaseDurationSeconds = LEASE_SECONDS } = lease?.spec ?? {};
    if (holder === "" || holder === identity) return true;
    if (clock.now() - this.#seen.at >= leaseDurationSeconds * 1_000) return true;
    if (this.#leading) this.#stop("taken");
    this.#follow(holder);
    return false;
  }

  /** False: somebody else was faster. */
  async #write(began: number, leastTransitions: number): Promise<boolean> {
    const { lease: name } = this.#options;
    const { lease } = this.#seen;
    const spec = this.#spec(leastTransitions);
    try {
      const written =
        lease === undefined
          ? await this.#client.create(LEASES, { metadata: { ...name }, spec })
          : await this.#client.replace(LEASES, this.#annotated({ ...lease, spec }));
      this.#seen = { lease: written, at: this.#options.clock.now() };
      this.#renewed(began);
      return true;
    } catch (error) {
      if (isKubeError(error, "Conflict", "AlreadyExists", "NotFound")) return false;
      throw error;
    }
  }

  /** What the holder before has noted stays until this one has led. */
  #annotated(lease: Lease): Lease {
    if (!this.#leading) return lease;
    const annotations = { ...lease.metadata.annotations, ...this.#options.annotations() };
    return { ...lease, metadata: { ...lease.metadata, annotations } };
  }

  #spec(leastTransitions: number): NonNullable<Lease["spec"]> {
    const { identity, wallClock } = this.#options;
    const before = this.#seen.lease?.spec;
    const now = microTime(wallClock());
    const isOurs = this.#leading && before?.holderIdentity === identity;
    const transitions = before?.leaseTransitions ?? 0;
    const isFirst = this.#seen.lease === undefined;
    const next = isOurs || isFirst ? transitions : transitions + 1;
    const ours = this.#leading ? this.#term : 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: Math.min(MOST_TRANSITIONS, Math.max(next, ours, leastTransitions)),
    };
  }

  #renewed(began: number): void {
    const { clock, identity, told } = this.#options;
    this.#forgetDeadline();
    this.#until = began + RENEW_DEADLINE_MS;
    this.#term = this.transitions;
    this.#forgetDeadline = clock.after(this.#until - clock.now(), () => this.#stop("deadline"));
    this.#holder = identity;
    if (this.#leading) return;
    this.#leading = true;
    told({ kind: "leading", transitions: this.transitions });
    this.#tell(true);
  }

  #stop(why: "deadline" | "taken" | "released"): void {
    if (!this.#leading) return;
    this.#leading = false;
    this.#forgetDeadline();
    if (why !== "released") this.#options.told({ kind: "lost", why });
    this.#tell(false);
  }

  #follow(holder: string): void {
    if (holder === this.#holder) return;
    this.#holder = holder;
    this.#options.told({ kind: "following", holder });
  }

  #tell(leading: boolean): void {
    for (const heard of this.#heard) heard(leading);
  }

  /** By the rules of client-go: nobody holds it, and for a second at that. */
  async #handBack(): Promise<void> {
    const { wallClock, told } = this.#options;
    const { lease } = this.#seen;
    const wasLeading = this.isLeading;
    const noted = lease && this.#annotated(lease);
    this.#stop("released");
    if (!wasLeading || noted === undefined) return;
    const renewTime = microTime(wallClock());
    const spec = { ...noted.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime };
    try {
      const client = this.#client.within({ timeoutMs: RETRY_MS });
      const lease = await client.replace(LEASES, { ...noted, spec });
      this.#seen = { lease, at: this.#options.clock.now() };
      this.#holder = undefined;
    } catch (error) {
      told({ kind: "failed", error });
    }
  }
}
