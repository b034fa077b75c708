import type { Matched, RouteEntry, RouteQuestion } from "../ports.ts";
import { Fronts } from "./fronts.ts";
import { guardsTextOf, isSameGuard, isUnguarded } from "./two-readings.ts";

/**
 * The routes of a host that Ingress controllers answer. Where one is an expression, nginx reads all of
 * them as expressions, without case, the longest first. No expression is run here: what it may match
 * is held to its guards, and what it surely matches is found as nginx finds it (docs/decisions/0413).
 */
export class ControllerPaths {
  readonly #entries = new Map<string, RouteEntry>();
  /** How many routes have these guards. */
  readonly #guards = new Map<string, number>();
  #expressions = 0;
  /** Undefined until it is asked for, and again where it makes no difference any more. */
  #fronts: Fronts | undefined;

  put(entry: RouteEntry): void {
    this.remove(entry);
    this.#entries.set(nameOf(entry), entry);
    this.#count(entry, 1);
    this.#fronts?.put(entry);
  }

  remove(entry: RouteEntry): void {
    const before = this.#entries.get(nameOf(entry));
    if (before === undefined) return;
    this.#entries.delete(nameOf(entry));
    this.#count(before, -1);
    if (this.matters) this.#fronts?.remove(before);
    else this.#fronts = undefined;
  }

  /** Whether it makes a difference how paths are read. */
  get matters(): boolean {
    return this.#expressions > 0 && this.#guards.size > 1;
  }

  /**
   * What answers `path` when `found` is what the gateway itself finds. Undefined: several guards may
   * be meant, and nobody here can tell which.
   */
  settle(found: Matched, path: string, question: RouteQuestion): Matched | undefined {
    // What is dialled at its Service never comes to a controller.
    if (found.entries[0]!.route.controller === undefined) return found;
    this.#fronts ??= new Fronts(this.#entries.values());
    const fitting = this.#fronts.of(path.toLowerCase());
    if (fitting === undefined) return undefined;
    let held: Matched | undefined;
    for (const { slot, isSure } of fitting) {
      const one = slot.find(question)?.found;
      if (one === undefined) continue;
      if (isSure && held === undefined) return isSameGuard(one, found) ? found : one;
      if (!isUnguarded(one)) {
        if (held !== undefined && !isSameGuard(held, one)) return undefined;
        held ??= one;
      }
      if (isSure) break;
    }
    return held === undefined || isSameGuard(held, found) ? found : held;
  }

  #count(entry: RouteEntry, by: 1 | -1): void {
    const guards = guardsTextOf(entry.route);
    const count = (this.#guards.get(guards) ?? 0) + by;
    if (count === 0) this.#guards.delete(guards);
    else this.#guards.set(guards, count);
    if (entry.route.controller === "expressions") this.#expressions += by;
  }
}

function nameOf({ clusterUuid, key }: RouteEntry): string {
  return `${clusterUuid} ${key}`;
}
