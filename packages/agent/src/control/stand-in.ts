import type { Clock, Random } from "@warren/tunnel";
import type { Voice } from "../voice.ts";

export interface StandInOptions {
  voice: Pick<Voice, "speaks" | "known">;
  clock: Clock;
  random: Random;
  /** Says a heartbeat, whose answer comes to `heard`. */
  ask: () => void;
  /** Says everything under this revision, which another agent gave. */
  say: (revision: number) => void;
  /** It stands in from now on, or no longer. */
  onChange: (standsIn: boolean) => void;
}

/** Who speaks for the cluster comes back as fast as this agent did: a gateway that knows nothing waits so long for it. */
const EMPTY_MS = 1_000;
/** A gateway that is behind hears of it otherwise within this. */
const BEHIND_MS = 5_000;
/** So often an agent looks whether it knows of something newer: that costs no message. */
const LOOK_MS = 1_000;
const CAP_MS = 60_000;

/**
 * Says to one gateway what the agent that speaks for the cluster has said elsewhere, or before: a gateway
 * that has just started while nobody can hold the Lease, or one that the holder does not reach, would
 * otherwise answer 404 for what every agent knows. Invariants:
 *
 * S1. It gives no revision of its own: what it says is what whoever spoke had come to, so that the next
 *     word of whoever speaks counts.
 * S2. Nothing is said to a gateway that knows that revision, or a later one.
 * S3. A gateway is asked twice before anything is said: the speaker's own word may be under way. Not one that has
 *     come no further than what was said for the speaker: that one does not hear the speaker.
 */
export class StandIn {
  readonly #options: StandInOptions;
  #target: number | undefined;
  /** The revision that was said last, while it stands in. */
  #said: number | undefined;
  #attempts = 0;
  #forget: () => void = () => {};

  constructor(options: StandInOptions) {
    this.#options = options;
  }

  /** The gateway's revision: null for none, undefined where it does not say. */
  heard(revision: number | null | undefined): void {
    const { voice } = this.#options;
    const known = voice.known;
    this.#forget();
    if (revision === undefined || voice.speaks) return this.stop();
    if (known === undefined) {
      this.stop();
      return this.#askOnceKnown(undefined, Number.POSITIVE_INFINITY);
    }
    if ((revision ?? -1) >= known) return this.#isUpToDate(revision!);
    const isAskedBefore =
      this.#target !== undefined && ((revision ?? -1) < this.#target || revision === this.#said);
    this.#target = known;
    if (!isAskedBefore) return this.#askAfter(revision === null ? EMPTY_MS : BEHIND_MS);
    if (this.#said === undefined) this.#options.onChange(true);
    this.#said = known;
    this.#options.say(known);
    this.#askAfter(Math.min(CAP_MS, BEHIND_MS * 2 ** this.#attempts++));
  }

  /** The tunnel is down, or another word has come: nothing is asked for any more. */
  stop(): void {
    this.#forget();
    this.#target = undefined;
    this.#attempts = 0;
    if (this.#said === undefined) return;
    this.#said = undefined;
    this.#options.onChange(false);
  }

  #isUpToDate(revision: number): void {
    this.#attempts = 0;
    this.#target = undefined;
    if (this.#said === undefined) return;
    // Somebody else has spoken there since.
    if (revision > this.#said) return this.stop();
    this.#target = this.#said;
    // Now and then also when there is nothing new: what was said may be lost there.
    this.#askOnceKnown(this.#said, this.#options.clock.now() + CAP_MS);
  }

  /** Asks nothing while no more than this is known here, and it is not yet so late. */
  #askOnceKnown(before: number | undefined, lastly: number): void {
    const { ask, clock, voice } = this.#options;
    this.#after(LOOK_MS, () => {
      if (voice.known === before && clock.now() < lastly) this.#askOnceKnown(before, lastly);
      else ask();
    });
  }

  #askAfter(ms: number): void {
    this.#after(ms, this.#options.ask);
  }

  /** Spread, so that of several agents one comes first. */
  #after(ms: number, task: () => void): void {
    const { clock, random } = this.#options;
    this.#forget = clock.after(ms * (0.5 + random()), task);
  }
}
