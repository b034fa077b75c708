import { randomId, wait, type Clock } from "@warren/host";
import {
  isKubeError,
  LEASES,
  Leadership,
  type KubeClient,
  type LeadershipTold,
} from "@warren/host/kube";

export interface HoldLeaseOptions {
  readonly client: KubeClient;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/**
 * Whoever has the Lease of a cluster's agents, and so is the only one to write statuses there: no agent that
 * starts meanwhile writes them again (docs/decisions/0461).
 */
export class LeaseHold implements AsyncDisposable {
  readonly #options: HoldLeaseOptions;
  readonly #leadership: Leadership;
  readonly #ended = new AbortController();
  #failure: unknown;
  #waits: (holder: string) => void = () => {};

  constructor(options: HoldLeaseOptions) {
    const { client, lease, clock, wallClock, random } = options;
    this.#options = options;
    this.#leadership = new Leadership({
      client,
      lease,
      identity: `leave_${randomId(4, "hex")}`,
      clock,
      wallClock,
      random,
      told: (event) => this.#told(event),
      annotations: () => ({}),
    });
  }

  get isHeld(): boolean {
    return this.#leadership.isLeading;
  }
  /** Who has it instead, as far as is known. */
  get holder(): string | undefined {
    return this.#leadership.holder;
  }
  /** Why it could not be asked for, the last time that it could not. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Whether it is held by the end of `ms`. `waits` hears whom it waits for. */
  async within(ms: number, waits: (holder: string) => void): Promise<boolean> {
    const { clock, signal } = this.#options;
    const over = AbortSignal.any([signal, this.#ended.signal]);
    const stop = this.#leadership.onChange((leading) => leading && this.#ended.abort());
    this.#waits = waits;
    this.#leadership.start();
    await wait(clock, ms, over);
    stop();
    signal.throwIfAborted();
    return this.isHeld;
  }

  /** Removes the Lease. False: an agent has it by now. Rejects with a KubeError. */
  async remove(): Promise<boolean> {
    const { client, lease, signal } = this.#options;
    await this.#leadership.release();
    const asking = client.within({ signal });
    const found = await asking.get(LEASES, lease);
    if (found === undefined) return true;
    if ((found.spec?.holderIdentity ?? "") !== "") return false;
    await asking.delete(LEASES, lease, found.metadata.uid);
    return true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#leadership.release();
  }

  #told(event: LeadershipTold): void {
    if (event.kind === "following" && event.holder !== undefined) this.#waits(event.holder);
    if (event.kind !== "failed") return;
    this.#failure = event.error;
    // Nobody changes a role while this waits.
    if (isKubeError(event.error, "Forbidden")) this.#ended.abort();
  }
}
