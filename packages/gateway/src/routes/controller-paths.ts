import { matchingPath } from "@warren/http";
import { readExpression } from "@warren/wire";
import type { Matched, RouteEntry, RouteQuestion } from "../ports.ts";
import { PathSlot } from "./path-slot.ts";
import { guardsTextOf, isSameGuard, UNGUARDED } from "./two-readings.ts";

/** What one path of the host leads to, as its controller reads it. */
interface Reading {
  readonly front: string;
  readonly rest: "all" | "elements" | "unknown";
  readonly slot: PathSlot;
}

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;

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
  /** Longest first; undefined until it is asked for. */
  #readings: readonly Reading[] | undefined;

  put(entry: RouteEntry): void {
    this.remove(entry);
    this.#entries.set(nameOf(entry), entry);
    this.#count(entry, 1);
  }

  remove(entry: RouteEntry): void {
    const before = this.#entries.get(nameOf(entry));
    if (before === undefined) return;
    this.#entries.delete(nameOf(entry));
    this.#count(before, -1);
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
    this.#readings ??= this.#read();
    let held: Matched | undefined;
    const lower = path.toLowerCase();
    for (const { front, rest, slot } of this.#readings) {
      const end = endOf(front, lower);
      const one = end === -1 ? undefined : slot.find(question)?.found;
      if (one === undefined) continue;
      const isSure = rest === "all" || (rest === "elements" && isElement(lower, end));
      if (rest === "elements" && !isSure) continue;
      if (isSure && held === undefined) return isSameGuard(one, found) ? found : one;
      if (guardsTextOf(one.entries[0]!.route) !== UNGUARDED) {
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
    this.#readings = undefined;
  }

  #read(): Reading[] {
    const byPath = Map.groupBy(this.#entries.values(), ({ route }) => route.path);
    return [...byPath]
      .toSorted(([one], [other]) => other.length - one.length)
      .map(([path, entries]) => readingOf(path, entries));
  }
}

function readingOf(path: string, entries: readonly RouteEntry[]): Reading {
  const slot = new PathSlot(entries[0]!.route.host);
  for (const entry of entries) slot.put(entry);
  const { front, rest } = readExpression(path);
  return { front: matchingPath(front).path.toLowerCase(), rest, slot };
}

function nameOf({ clusterUuid, key }: RouteEntry): string {
  return `${clusterUuid} ${key}`;
}

/** Where in `path` the front ends; -1 when it does not begin so. Escapes are one character to nginx. */
function endOf(front: string, path: string): number {
  let at = 0;
  for (let i = 0; i < front.length; i++, at++) {
    const wanted = front.charCodeAt(i);
    const code = path.charCodeAt(at);
    if (wanted === code) continue;
    if (wanted !== DOT || at >= path.length) return -1;
    if (code === PERCENT) at += 2;
  }
  return at <= path.length ? at : -1;
}

function isElement(path: string, end: number): boolean {
  return path.length === end || path.charCodeAt(end) === SLASH;
}
