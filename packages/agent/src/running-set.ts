import type { Running } from "./upstream/host.ts";

/**
 * What runs now: each knows its place, so that adding and removing make no garbage. Not a Set, whose
 * tables chain the young to the old as a Map's do (tunnel's `StreamTable` says how).
 */
export class RunningSet implements Iterable<Running> {
  readonly #all: Running[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(running: Running): void {
    running.place = this.#all.length;
    this.#all.push(running);
  }

  /** Does nothing for one that is not there. */
  delete(running: Running): void {
    const { place } = running;
    if (this.#all[place] !== running) return;
    const last = this.#all.pop()!;
    running.place = -1;
    if (last === running) return;
    this.#all[place] = last;
    last.place = place;
  }

  /** Those that are there now and still are when it is their turn. */
  *[Symbol.iterator](): Iterator<Running> {
    for (const running of this.#all.slice())
      if (this.#all[running.place] === running) yield running;
  }
}
