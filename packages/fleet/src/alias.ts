/**
 * Weighted choice in constant time (Vose's alias method): a number in [0, 1) picks a column, and the
 * rest of it decides between the column's own index and its alias.
 */
export class AliasTable {
  readonly #own: Float64Array;
  readonly #alias: Int32Array;
  readonly #index: Int32Array;

  /** `weights[i]` belongs to `indices[i]`; all above 0, at least one. */
  constructor(indices: readonly number[], weights: readonly number[]) {
    const count = indices.length;
    this.#index = Int32Array.from(indices);
    this.#own = new Float64Array(count).fill(1);
    this.#alias = new Int32Array(count);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const share = weights.map((weight) => (weight * count) / total);
    const small = [...share.keys()].filter((at) => share[at]! < 1);
    const large = [...share.keys()].filter((at) => share[at]! >= 1);
    while (small.length > 0 && large.length > 0) this.#settle(share, small.pop()!, small, large);
  }

  pick(point: number): number {
    const scaled = point * this.#index.length;
    const column = Math.min(Math.floor(scaled), this.#index.length - 1);
    const own = scaled - column < this.#own[column]!;
    return this.#index[own ? column : this.#alias[column]!]!;
  }

  /** Fills what `less` lacks with some of the last large one. */
  #settle(share: number[], less: number, small: number[], large: number[]): void {
    const more = large.at(-1)!;
    this.#own[less] = share[less]!;
    this.#alias[less] = more;
    share[more] = share[more]! + share[less]! - 1;
    if (share[more] < 1) small.push(large.pop()!);
  }
}
