import { matchingPath } from "@warren/http";
import { readExpression, type PathExpression } from "@warren/wire";
import type { RouteEntry } from "../ports.ts";
import { conditionsOf } from "./conditions.ts";
import { PathSlot } from "./path-slot.ts";
import { guardsTextOf, UNGUARDED } from "./two-readings.ts";

/** What one path of a host leads to, as its controller reads it. */
export interface Reading {
  readonly path: string;
  readonly front: string;
  readonly rest: PathExpression["rest"];
  readonly slot: PathSlot;
}

/** A reading of a path that was asked for. */
export interface Fitting extends Reading {
  /** It is meant for sure; else nobody here can tell. */
  readonly isSure: boolean;
}

/** Readings of which, where one fits, all fit and all come to the same: the longest path's is meant. */
interface Group {
  readonly head: string;
  readonly readings: Set<Reading>;
  /** Undefined until it is asked for. */
  first: Reading | undefined;
}

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;

/**
 * The paths of a host by what a matching one begins with, without case. They are kept by the part before the
 * first `.`, which is any character to a controller: a look-up asks for each length that such a
 * part has, and does not grow with the number of paths.
 */
export class Fronts {
  readonly #readings = new Map<string, Reading>();
  readonly #groups = new Map<string, Group>();
  readonly #byHead = new Map<string, Set<Group>>();
  /** How many heads have a length. */
  readonly #lengths = new Map<number, number>();

  constructor(entries: Iterable<RouteEntry>) {
    for (const entry of entries) this.put(entry);
  }

  put(entry: RouteEntry): void {
    const { path } = entry.route;
    const reading = this.#readings.get(path) ?? readingOf(entry);
    this.#readings.set(path, reading);
    this.#leave(reading);
    reading.slot.put(entry);
    this.#join(reading);
  }

  remove(entry: RouteEntry): void {
    const reading = this.#readings.get(entry.route.path);
    if (reading === undefined) return;
    this.#leave(reading);
    reading.slot.remove(entry);
    if (reading.slot.empty) this.#readings.delete(reading.path);
    else this.#join(reading);
  }

  /** Those of `path`, which is in lower case, in the order in which a controller asks for them. */
  of(path: string): Fitting[] {
    const fitting: Fitting[] = [];
    for (const length of this.#lengths.keys()) {
      if (length > path.length) continue;
      for (const group of this.#byHead.get(path.slice(0, length)) ?? []) {
        const reading = (group.first ??= [...group.readings].reduce(firstOf));
        const isSure = fitOf(reading, path);
        if (isSure !== undefined) fitting.push({ ...reading, isSure });
      }
    }
    return fitting.sort(byTurn);
  }

  #join(reading: Reading): void {
    const name = groupOf(reading);
    if (name === undefined) return;
    const known = this.#groups.get(name);
    if (known !== undefined) {
      known.readings.add(reading);
      known.first = undefined;
      return;
    }
    const head = headOf(reading.front);
    const group: Group = { head, readings: new Set([reading]), first: reading };
    this.#groups.set(name, group);
    const alike = this.#byHead.get(head);
    if (alike !== undefined) return void alike.add(group);
    this.#byHead.set(head, new Set([group]));
    this.#lengths.set(head.length, (this.#lengths.get(head.length) ?? 0) + 1);
  }

  #leave(reading: Reading): void {
    const name = groupOf(reading);
    const group = name === undefined ? undefined : this.#groups.get(name);
    if (group === undefined) return;
    group.first = undefined;
    group.readings.delete(reading);
    if (group.readings.size > 0) return;
    this.#groups.delete(name!);
    const { head } = group;
    const alike = this.#byHead.get(head)!;
    alike.delete(group);
    if (alike.size > 0) return;
    this.#byHead.delete(head);
    const left = this.#lengths.get(head.length)! - 1;
    if (left > 0) this.#lengths.set(head.length, left);
    else this.#lengths.delete(head.length);
  }
}

function readingOf({ route: { host, path } }: RouteEntry): Reading {
  const { front, rest } = readExpression(path);
  const plain = matchingPath(front).path.toLowerCase();
  return { path, front: plain, rest, slot: new PathSlot(host) };
}

/** Undefined for what decides nothing: it may be meant or not, and keeps nobody out. */
function groupOf({ path, front, rest, slot }: Reading): string | undefined {
  const [first, ...more] = new Set(slot.entries.map(({ route }) => guardsTextOf(route)));
  if (first === undefined) return undefined;
  const isOneForAll =
    more.length === 0 && slot.entries.every(({ route }) => !conditionsOf(route.match));
  if (!isOneForAll) return `${rest} ${front} ${path}`;
  return rest === "unknown" && first === UNGUARDED ? undefined : `${rest} ${front} ${first}`;
}

function headOf(front: string): string {
  const dot = front.indexOf(".");
  return dot === -1 ? front : front.slice(0, dot);
}

/** The longest path first; of equals what may be meant before what surely is, so that its guard holds. */
function byTurn(one: Reading, other: Reading): number {
  return (
    other.path.length - one.path.length ||
    Number(other.rest === "unknown") - Number(one.rest === "unknown") ||
    (one.path < other.path ? -1 : 1)
  );
}

function firstOf(one: Reading, other: Reading): Reading {
  return byTurn(one, other) <= 0 ? one : other;
}

/** Whether it fits for sure, or perhaps; undefined where it does not. */
function fitOf({ front, rest }: Reading, path: string): boolean | undefined {
  const end = endOf(front, path);
  if (end === -1) return undefined;
  if (rest === "elements") return isElement(path, end) || undefined;
  return rest === "all";
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
