import { matchingPath } from "@warren/http";
import type { Matched, RouteEntry, RouteQuestion } from "../ports.ts";
import { Beginnings } from "./beginnings.ts";
import { PathSlot } from "./path-slot.ts";
import { guardsTextOf, isSameGuard, UNGUARDED } from "./two-readings.ts";

/**
 * Paths of a host that a controller compares by character: for it `/adminx` is below `/admin`, where the
 * gateway finds another route. What it may mean is held to its guards (docs/decisions/0433).
 */
export class CharacterPaths {
  readonly #host: string;
  readonly #entries = new Map<string, RouteEntry>();
  readonly #slots = new Beginnings<PathSlot>(false);
  #guarded = 0;

  constructor(host: string) {
    this.#host = host;
  }

  put(entry: RouteEntry): void {
    this.remove(entry);
    if (entry.route.controller !== "characters") return;
    this.#entries.set(nameOf(entry), entry);
    const { path } = matchingPath(entry.route.path);
    const slot = this.#slots.get(path) ?? new PathSlot(this.#host);
    if (slot.empty) this.#slots.set(path, slot);
    slot.put(entry);
    if (isGuarded(entry)) this.#guarded++;
  }

  remove(entry: RouteEntry): void {
    const before = this.#entries.get(nameOf(entry));
    if (before === undefined) return;
    this.#entries.delete(nameOf(entry));
    const { path } = matchingPath(before.route.path);
    const slot = this.#slots.get(path);
    slot?.remove(before);
    if (slot?.empty) this.#slots.delete(path);
    if (isGuarded(before)) this.#guarded--;
  }

  /** Whether it makes a difference how paths are read. */
  get matters(): boolean {
    return this.#guarded > 0;
  }

  /**
   * What answers `path` when `found` is what the gateway itself finds: the longest that the controller
   * may mean, where that one has guards. Undefined where both have, and they are different, or where
   * there are more than a request may cost.
   */
  settle(found: Matched, path: string, question: RouteQuestion): Matched | undefined {
    const { route } = found.entries[0]!;
    // What is dialled at its Service never comes to a controller.
    if (route.controller === undefined) return found;
    const own = matchingPath(route.path).path.length;
    const begun = this.#slots.of(path);
    if (begun === undefined) return undefined;
    // Nothing here is wild: who ends later was found later.
    for (const { value, end } of begun.toReversed()) {
      if (end <= own) break;
      const one = value.find(question)?.found;
      if (one === undefined) continue;
      if (isSameGuard(one, found) || !isGuarded(one.entries[0]!)) return found;
      return isGuarded(found.entries[0]!) ? undefined : one;
    }
    return found;
  }
}

function isGuarded({ route }: RouteEntry): boolean {
  return guardsTextOf(route) !== UNGUARDED;
}

function nameOf({ clusterUuid, key }: RouteEntry): string {
  return `${clusterUuid} ${key}`;
}
