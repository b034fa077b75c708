import { matchingPath } from "@warren/http";
import type { Matched, RouteEntry, RouteQuestion } from "../ports.ts";
import { PathSlot } from "./path-slot.ts";
import { guardsTextOf, isSameGuard, UNGUARDED } from "./two-readings.ts";

/**
 * Paths of a host that a controller compares by character: for it `/adminx` is below `/admin`, where the
 * gateway finds another route. What it may mean is held to its guards (docs/decisions/0433).
 */
export class CharacterPaths {
  readonly #host: string;
  readonly #entries = new Map<string, RouteEntry>();
  readonly #slots = new Map<string, PathSlot>();
  #guarded = 0;
  /** How many paths are of a length. */
  readonly #sizes = new Map<number, number>();
  /** The lengths, longest first. */
  #lengths: readonly number[] = [];

  constructor(host: string) {
    this.#host = host;
  }

  put(entry: RouteEntry): void {
    this.remove(entry);
    if (entry.route.controller !== "characters") return;
    this.#entries.set(nameOf(entry), entry);
    const { path } = matchingPath(entry.route.path);
    const slot = this.#slots.get(path) ?? new PathSlot(this.#host);
    if (slot.empty) this.#count(path.length, 1);
    this.#slots.set(path, slot);
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
    if (slot?.empty && this.#slots.delete(path)) this.#count(path.length, -1);
    if (isGuarded(before)) this.#guarded--;
  }

  /** Whether it makes a difference how paths are read. */
  get matters(): boolean {
    return this.#guarded > 0;
  }

  /**
   * What answers `path` when `found` is what the gateway itself finds: the longest that the controller
   * may mean, where that one has guards. Undefined where both have, and they are different.
   */
  settle(found: Matched, path: string, question: RouteQuestion): Matched | undefined {
    const { route } = found.entries[0]!;
    // What is dialled at its Service never comes to a controller.
    if (route.controller === undefined) return found;
    const own = matchingPath(route.path).path.length;
    for (const end of this.#lengths) {
      if (end > path.length) continue;
      if (end <= own) break;
      const one = this.#slots.get(path.slice(0, end))?.find(question)?.found;
      if (one === undefined) continue;
      if (isSameGuard(one, found) || !isGuarded(one.entries[0]!)) return found;
      return isGuarded(found.entries[0]!) ? undefined : one;
    }
    return found;
  }

  #count(length: number, by: 1 | -1): void {
    const before = this.#sizes.get(length) ?? 0;
    if (before + by === 0) this.#sizes.delete(length);
    else this.#sizes.set(length, before + by);
    if (before === 0 || before + by === 0)
      this.#lengths = [...this.#sizes.keys()].sort((one, other) => other - one);
  }
}

function isGuarded({ route }: RouteEntry): boolean {
  return guardsTextOf(route) !== UNGUARDED;
}

function nameOf({ clusterUuid, key }: RouteEntry): string {
  return `${clusterUuid} ${key}`;
}
