/**
 * Values by path prefix, by element: `/foo` holds `/foo`, `/foo/` and `/foo/x`, not `/foobar`; a
 * trailing slash of the prefix counts for nothing (Kubernetes Ingress, path types). A look-up walks
 * the path's own elements upwards, so it costs the same among ten prefixes and among a million.
 */
export class Prefixes<T> {
  readonly #values = new Map<string, T>();
  /** Never shrinks: an upper bound is enough, and it keeps a path of 10,000 slashes cheap. */
  #longest = 0;

  get size(): number {
    return this.#values.size;
  }

  get(prefix: string): T | undefined {
    return this.#values.get(bare(prefix));
  }

  set(prefix: string, value: T): void {
    const name = bare(prefix);
    this.#longest = Math.max(this.#longest, name.length);
    this.#values.set(name, value);
  }

  delete(prefix: string): void {
    this.#values.delete(bare(prefix));
  }

  /** The first thing that `pick` makes of a value, the longest prefix first. */
  find<A, R>(path: string, pick: (value: T, asked: A) => R | undefined, asked: A): R | undefined {
    if (this.#values.size === 0) return undefined;
    for (let end = this.#startOf(path); ; end = path.lastIndexOf("/", end - 1)) {
      const value = this.#values.get(end <= 0 ? "" : path.slice(0, end));
      const picked = value === undefined ? undefined : pick(value, asked);
      if (picked !== undefined || end <= 0) return picked;
    }
  }

  /** Where the longest prefix that can match ends: nothing longer than the longest known one. */
  #startOf(path: string): number {
    const longest = this.#longest;
    if (path.length <= longest) return path.length;
    return longest === 0 ? 0 : path.lastIndexOf("/", longest);
  }
}

function bare(prefix: string): string {
  return prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}
