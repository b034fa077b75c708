import type { Clock } from "@warren/host";
import type { Leadership } from "@warren/host/kube";
import type { Voice } from "../voice.ts";

/** Who leads the agents of this cluster, as far as a voice needs to know it: host's `Leadership`. */
export type Lead = Pick<
  Leadership,
  "isLeading" | "hasLease" | "transitions" | "annotation" | "onChange" | "raise"
>;

/** Of the Lease: the revision that its holder has come to, for those that stand in for it. */
export const REVISION = "warren.dev/revision";

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
 * V3. What is known of others' words never goes back, and never past the term that the Lease shows.
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
  #known: number | undefined;
  #hasSpoken = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get speaks(): boolean {
    return this.#lead?.isLeading === true && this.#wanted === undefined;
  }

  get revision(): number {
    return (FIRST_TERM + this.#term) * TERM + this.#counter;
  }

  get known(): number | undefined {
    if (this.speaks || this.#lead === undefined) return undefined;
    const { hasLease, transitions } = this.#lead;
    if (!hasLease) return this.#known;
    // A term begins with this, before it has noted anything.
    this.#learn((FIRST_TERM + transitions) * TERM);
    const noted = Number(this.#lead.annotation(REVISION) ?? Number.NaN);
    if (Number.isSafeInteger(noted) && termOf(noted) <= transitions) this.#learn(noted);
    return this.#known;
  }

  /** For the Lease, while it is held. */
  annotations(): Record<string, string> {
    return this.speaks ? { [REVISION]: String(this.revision) } : {};
  }

  next(): number {
    this.#counter++;
    return this.revision;
  }

  surpass(revision: number): boolean {
    const transitions = termOf(revision);
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
    // What was said until now.
    if (!leading && this.#hasSpoken) this.#learn(this.revision);
    this.#hasSpoken = leading;
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

  #learn(revision: number): void {
    this.#known = Math.max(this.#known ?? 0, revision);
  }

  #tell(speaks: boolean): void {
    for (const heard of this.#listeners) heard(speaks);
  }
}

function termOf(revision: number): number {
  return Math.floor(revision / TERM) - FIRST_TERM;
}
