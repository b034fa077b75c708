import type { Problem } from "./cluster-view.ts";

const NONE: ReadonlySet<string> = new Set();

/** What has been said of each object, so that only what is new is said again. */
export class ToldProblems {
  readonly #told = new Map<string, ReadonlySet<string>>();

  /** Objects that there is something to say about. */
  get size(): number {
    return this.#told.size;
  }

  /**
   * Those of `problems` that were not said of `key` last time. What is left out counts as mended, unless
   * these are only `some` of what there may be.
   */
  news<P extends Problem>(key: string, problems: readonly P[], which: "all" | "some" = "all"): P[] {
    const before = this.#told.get(key) ?? NONE;
    const after = new Set([...(which === "some" ? before : NONE), ...problems.map(textOf)]);
    if (after.size === 0) this.#told.delete(key);
    else this.#told.set(key, after);
    return problems.filter((problem) => !before.has(textOf(problem)));
  }

  /** True when something that was said of `key` is so no longer; what has a reason of `except` aside. */
  isMended(key: string, problems: readonly Problem[], except: readonly string[]): boolean {
    const now = new Set(problems.map(textOf));
    const before = [...(this.#told.get(key) ?? NONE)];
    return before.some(
      (text) => !now.has(text) && !except.includes(text.slice(0, text.indexOf(" "))),
    );
  }

  /** Whatever was said of `key` may be said again. */
  forget(key: string): void {
    this.#told.delete(key);
  }

  clear(): void {
    this.#told.clear();
  }
}

function textOf({ reason, message }: Problem): string {
  return `${reason} ${message}`;
}
