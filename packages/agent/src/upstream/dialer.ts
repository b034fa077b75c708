/** Who waits for permission to dial. */
export interface Dialling {
  /** A slot is yours: dial, and call `Dialer.done` once, or return false when no need is left. */
  onSlot(): boolean;
}

/**
 * Bounds how many connects are under way at once, over all targets, so that a service that answers
 * no SYN cannot fill the process with half-open sockets. Those that wait take turns, one dial each:
 * a target with a thousand waiting requests does not delay a target with one.
 */
export class Dialer {
  readonly #most: number;
  readonly #perTarget: number;
  /** Targets that want to dial, in turn; how many they have under way. */
  readonly #waiting = new Set<Dialling>();
  readonly #underWay = new Map<Dialling, number>();
  #dialling = 0;

  /** No target ever has more than half of `most`, so that one black hole leaves room for others. */
  constructor(most: number) {
    this.#most = most;
    this.#perTarget = Math.max(1, Math.floor(most / 2));
  }

  get dialling(): number {
    return this.#dialling;
  }

  /** Asks for one slot; `target.onSlot` may be called before this returns. */
  ask(target: Dialling): void {
    this.#waiting.add(target);
    this.#grant();
  }

  /** A dial of `target` has ended, well or not. */
  done(target: Dialling): void {
    const left = (this.#underWay.get(target) ?? 1) - 1;
    if (left === 0) this.#underWay.delete(target);
    else this.#underWay.set(target, left);
    this.#dialling--;
    this.#grant();
  }

  #grant(): void {
    for (const target of this.#waiting) {
      if (this.#dialling >= this.#most) return;
      const mine = this.#underWay.get(target) ?? 0;
      if (mine >= this.#perTarget) continue;
      // Taken out before it is asked: a target that needs more asks again, at the end of the line.
      this.#waiting.delete(target);
      if (!this.#start(target, mine)) continue;
    }
  }

  #start(target: Dialling, mine: number): boolean {
    this.#underWay.set(target, mine + 1);
    this.#dialling++;
    if (target.onSlot()) return true;
    this.#dialling--;
    if (mine === 0) this.#underWay.delete(target);
    else this.#underWay.set(target, mine);
    return false;
  }
}
