import type { Clock } from "@warren/host";
import type { Leadership } from "@warren/host/kube";
import type { Voice } from "../voice.ts";

/** Who leads the agents of this cluster, as far as a voice needs to know it: host's `Leadership`. */
export type Lead = Pick<Leadership, "isLeading" | "transitions" | "onChange" | "raise">;

/**
 * A revision is (1024 + leaseTransitions) * 2^32 + counter: a later term always wins, and any term
 * wins over agents without Kubernetes, which number by the wall clock's milliseconds (below 1024 *
 * 2^32 until the year 2109). Below 2^53 for two million terms.
 */
const TERM = 2 ** 32;
const FIRST_TERM = 1_024;
const MOST_TRANSITIONS = 2 ** 21 - FIRST_TERM - 1;
const RAISE_AGAIN_MS = 2_000;

/**
 * The voice of an agent that leads by a Lease: it speaks while it holds that, and what it says beats
 * what earlier leaders said (decisions/0290). Invariants:
 *
 * V1. It is silent from the turn in which the Lease is lost, and before one is held at all.
 * V2. Whoever was outrun by a later term (the Lease was deleted and its count began anew) says
 *     nothing until the Lease carries a higher one: only who still holds it can write that.
 */
export class LeaseVoice implements Voice {
  readonly #clock: Clock;
  readonly #listeners = new Set<(speaks: boolean) => void>();
  #lead: Lead | undefined;
  #term = 0;
  #counter = 0;
  /** The number of transitions that is to be written before anything is said again. */
  #wanted: number | undefined;
  #cancelRaise: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get speaks(): boolean {
    return this.#lead?.isLeading === true && this.#wanted === undefined;
  }

  get revision(): number {
    return (FIRST_TERM + this.#term) * TERM + this.#counter;
  }

  next(): number {
    this.#counter++;
    return this.revision;
  }

  surpass(revision: number): boolean {
    const transitions = Math.floor(revision / TERM) - FIRST_TERM;
    if (transitions <= this.#term) {
      if (revision >= this.revision) this.#counter = (revision % TERM) + 1;
      return this.speaks;
    }
    if (!this.speaks || transitions >= MOST_TRANSITIONS) return false;
    this.#wanted = transitions + 1;
    void this.#raise(this.#wanted);
    return false;
  }

  onChange(heard: (speaks: boolean) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  /** Speaks while `lead` leads. The returned function ends that, silently. */
  follow(lead: Lead): () => void {
    this.#lead = lead;
    const stop = lead.onChange((leading) => this.#onLead(leading));
    if (lead.isLeading) this.#onLead(true);
    return () => {
      stop();
      this.#onLead(false);
      this.#lead = undefined;
    };
  }

  #onLead(leading: boolean): void {
    this.#wanted = undefined;
    this.#cancelRaise?.();
    if (leading) this.#begin();
    this.#tell(leading);
  }

  #begin(): void {
    const { transitions } = this.#lead!;
    // Lost and held again without anybody between: the count goes on.
    if (transitions !== this.#term) this.#counter = 0;
    this.#term = transitions;
  }

  async #raise(transitions: number): Promise<void> {
    const isRaised = await this.#lead!.raise(transitions);
    // Lost meanwhile: it is not ours to say more.
    if (this.#wanted !== transitions) return;
    if (!isRaised) {
      this.#cancelRaise = this.#clock.after(RAISE_AGAIN_MS, () => void this.#raise(transitions));
      return;
    }
    this.#wanted = undefined;
    this.#begin();
    this.#tell(true);
  }

  #tell(speaks: boolean): void {
    for (const heard of this.#listeners) heard(speaks);
  }
}
