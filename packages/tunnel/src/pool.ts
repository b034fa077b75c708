/**
 * Credit that streams may borrow above their floor. Pools nest: a tunnel's pool draws on its
 * gateway's, so neither one tunnel nor all together hold more than they were given.
 *
 * A borrower gets at most half of what is free. So a pool is never emptied by streams that borrowed
 * and then stalled: whoever comes later still finds something (dynamic thresholds, Choudhury and
 * Hahne 1998).
 */
export class Pool {
  readonly totalBytes: number;
  readonly #parent: Pool | undefined;
  #lent = 0;

  constructor(totalBytes: number, parent?: Pool) {
    this.totalBytes = totalBytes;
    this.#parent = parent;
  }

  /** Bytes lent now. */
  get lentBytes(): number {
    return this.#lent;
  }

  /** Lends up to `bytes`; returns how many, possibly 0. */
  borrow(bytes: number): number {
    const most = this.#offer();
    const lent = Math.min(bytes, most);
    if (lent <= 0) return 0;
    this.#take(lent);
    return lent;
  }

  giveBack(bytes: number): void {
    this.#take(-bytes);
  }

  #offer(): number {
    const own = Math.floor((this.totalBytes - this.#lent) / 2);
    const parent = this.#parent;
    return parent === undefined ? own : Math.min(own, parent.#offer());
  }

  #take(bytes: number): void {
    this.#lent += bytes;
    if (this.#parent !== undefined) this.#parent.#take(bytes);
  }
}
