import { CODES, type ErrorCode } from "@warren/wire";

/** What gateways said of a route. */
export type Verdict =
  | { readonly accepted: true }
  | { readonly refused: ErrorCode; readonly message: string };

export const ACCEPTED: Verdict = Object.freeze({ accepted: true });

/** `verdict` is undefined when nothing is known any more: the route is gone, or another agent asks. */
export type VerdictHeard = (key: string, verdict: Verdict | undefined) => void;

/**
 * What each gateway said of each published route, by route key. Of several gateways the worst word
 * counts: a host that one of them refuses does not work for everybody.
 */
export class Verdicts {
  readonly #said = new Map<string, Map<object, Verdict>>();
  /** What was told last, so that a gateway's fourth "accepted" is no news. */
  readonly #told = new Map<string, Verdict>();
  readonly #listeners = new Set<VerdictHeard>();

  /** The worst word, or undefined while no gateway has answered since the route last changed. */
  get(key: string): Verdict | undefined {
    return this.#told.get(key);
  }

  /** The worst word on `key` of those gateways that take one of `others` as it is. */
  whereAccepted(key: string, others: readonly string[]): Verdict | undefined {
    const takes = (gateway: object) =>
      others.some((other) => "accepted" in (this.#said.get(other)?.get(gateway) ?? {}));
    const said = [...(this.#said.get(key) ?? [])].filter(([gateway]) => takes(gateway));
    return worstOf(said.map(([, verdict]) => verdict));
  }

  /** Whether this very gateway said last that it takes the route as it is. */
  accepts(gateway: object, key: string): boolean {
    return this.#said.get(key)?.get(gateway) === ACCEPTED;
  }

  /** Routes that are refused now. */
  get refused(): number {
    let count = 0;
    for (const verdict of this.#told.values()) if ("refused" in verdict) count++;
    return count;
  }

  /**
   * Hears each verdict when it is news; also an equal one after a change, and while a route is refused
   * each gateway's word that is new. The returned function stops that.
   */
  onVerdict(heard: VerdictHeard): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  /** `gateway` is whatever stands for one, the same each time. */
  say(gateway: object, key: string, verdict: Verdict): void {
    const all = this.#said.get(key) ?? new Map<object, Verdict>();
    const before = all.get(gateway);
    this.#said.set(key, all.set(gateway, verdict));
    this.#tell(key, before === undefined || !same(before, verdict));
  }

  /** The route changed: what was said of it counts no more, and is not taken back either. */
  await(key: string): void {
    this.#said.delete(key);
    this.#told.delete(key);
  }

  /** The route is gone. */
  forget(key: string): void {
    const was = this.#told.has(key);
    this.await(key);
    if (was) for (const heard of this.#listeners) heard(key, undefined);
  }

  /** A gateway is gone for good, and what it said with it. */
  leave(gateway: object): void {
    for (const [key, all] of this.#said) if (all.delete(gateway)) this.#tell(key, false);
  }

  /** Another agent asks from now on. */
  clear(): void {
    for (const key of this.#said.keys()) this.forget(key);
  }

  #tell(key: string, isNewWord: boolean): void {
    const worst = worstOf(this.#said.get(key)?.values() ?? []);
    if (worst === undefined) return this.forget(key);
    const before = this.#told.get(key);
    const isKnown = before !== undefined && same(before, worst);
    if (isKnown && !(isNewWord && "refused" in worst)) return;
    this.#told.set(key, worst);
    for (const heard of this.#listeners) heard(key, worst);
  }
}

function worstOf(all: Iterable<Verdict>): Verdict | undefined {
  let worst: Verdict | undefined;
  for (const one of all) if (worst === undefined || badness(one) > badness(worst)) worst = one;
  return worst;
}

/** What only a person can lift is worse than what passes. */
function badness(verdict: Verdict): number {
  if ("accepted" in verdict) return 0;
  return CODES[verdict.refused].retry ? 1 : 2;
}

function same(one: Verdict, other: Verdict): boolean {
  if ("accepted" in one || "accepted" in other) return "accepted" in one && "accepted" in other;
  return one.refused === other.refused && one.message === other.message;
}
