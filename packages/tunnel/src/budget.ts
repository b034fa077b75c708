/**
 * So many bytes of memory for one purpose. Budgets nest: a tunnel's is part of its cluster's, which
 * is part of its gateway's, so that neither one of them nor all together hold more than was given.
 *
 * Whoever asks gets at most half of what is free, and of a budget above at most as much as it
 * leaves free there beside what it holds (dynamic thresholds, Choudhury and Hahne 1998): alone half of
 * that, of two a third each. So whoever comes later still finds something.
 */
export class Budget {
  readonly totalBytes: number;
  readonly #parent: Budget | undefined;
  #taken = 0;

  constructor(totalBytes: number, parent: Budget | undefined) {
    this.totalBytes = totalBytes;
    this.#parent = parent;
  }

  /** Bytes taken now; more than the total where floors were taken on top. */
  get takenBytes(): number {
    return this.#taken;
  }

  /** What may be taken now by one that holds `heldBytes` of it; 0 or more. */
  offer(heldBytes = 0): number {
    const own = Math.max(0, Math.floor((this.totalBytes - this.#taken - heldBytes) / 2));
    const parent = this.#parent;
    return parent === undefined || own === 0 ? own : Math.min(own, parent.offer(this.#taken));
  }

  /** Counts `bytes` as taken, here and above; gives them back when negative. */
  take(bytes: number): void {
    this.#taken += bytes;
    if (this.#parent !== undefined) this.#parent.take(bytes);
  }
}
