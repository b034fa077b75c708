import { Budget } from "./budget.ts";

/**
 * The memory of a tunnel's streams above their floors, or of all tunnels of a cluster, or of a gateway:
 * pools nest. Each of its three budgets is `totalBytes`.
 */
export class Pool {
  readonly totalBytes: number;
  /** What this side's writers queued in streams, and no transport has carried yet. */
  readonly queued: Budget;
  /** What left and is kept until it is acknowledged. */
  readonly kept: Budget;
  readonly #lent: Budget;

  constructor(totalBytes: number, parent?: Pool) {
    this.totalBytes = totalBytes;
    this.queued = new Budget(totalBytes, parent?.queued);
    this.kept = new Budget(totalBytes, parent?.kept);
    this.#lent = new Budget(totalBytes, parent === undefined ? undefined : parent.#lent);
  }

  /** Credit lent to peers now, bytes. */
  get lentBytes(): number {
    return this.#lent.takenBytes;
  }

  /** Lends up to `bytes` of credit; returns how many, possibly 0. */
  borrow(bytes: number): number {
    const lent = Math.min(bytes, this.#lent.offer());
    if (lent <= 0) return 0;
    this.#lent.take(lent);
    return lent;
  }

  giveBack(bytes: number): void {
    this.#lent.take(-bytes);
  }
}
