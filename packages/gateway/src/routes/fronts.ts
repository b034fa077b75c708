import { matchingPath } from "@warren/http";
import { readExpression, type PathExpression } from "@warren/wire";
import type { RouteEntry } from "../ports.ts";
import { Beginnings } from "./beginnings.ts";
import { conditionsOf } from "./conditions.ts";
import { PathSlot } from "./path-slot.ts";
import { guardsTextOf, UNGUARDED } from "./two-readings.ts";

/** What one path of a host leads to, as its controller reads it. */
export interface Reading {
  readonly path: string;
  readonly front: string;
  readonly rest: PathExpression["rest"];
  readonly slot: PathSlot;
  /** How many of its entries have these guards. */
  readonly guards: Map<string, number>;
  /** How many ask for more than the path. */
  conditional: number;
}

/** A reading of a path that was asked for. */
export interface Fitting extends Reading {
  /** It is meant for sure; else nobody here can tell. */
  readonly isSure: boolean;
}

/** Readings of which, where one fits, all fit and all come to the same: the longest path's is meant. */
interface Group {
  readonly front: string;
  readonly readings: Set<Reading>;
  /** Undefined until it is asked for. */
  first: Reading | undefined;
}

const SLASH = 0x2f;
/** One path may be meant by so many; nobody means more. */
const MOST_FITTING = 128;

/** The paths of a host by what a matching one begins with, without case; a `.` is any character to a controller. */
export class Fronts {
  readonly #readings = new Map<string, Reading>();
  readonly #groups = new Map<string, Group>();
  readonly #byFront = new Beginnings<Set<Group>>(true);

  constructor(entries: Iterable<RouteEntry>) {
    for (const entry of entries) this.put(entry);
  }

  put(entry: RouteEntry): void {
    const { path } = entry.route;
    const reading = this.#readings.get(path) ?? readingOf(entry);
    this.#readings.set(path, reading);
    this.#leave(reading);
    reading.slot.put(entry);
    count(reading, entry, 1);
    this.#join(reading);
  }

  remove(entry: RouteEntry): void {
    const reading = this.#readings.get(entry.route.path);
    if (reading === undefined) return;
    this.#leave(reading);
    reading.slot.remove(entry);
    count(reading, entry, -1);
    if (reading.slot.empty) this.#readings.delete(reading.path);
    else this.#join(reading);
  }

  /**
   * Those of `path`, which is in lower case, in the order in which a controller asks for them. Undefined
   * where there are more than a request may cost.
   */
  of(path: string): Fitting[] | undefined {
    const fitting: Fitting[] = [];
    const begun = this.#byFront.of(path);
    for (const { value, end } of begun ?? []) {
      for (const group of value) {
        const reading = (group.first ??= [...group.readings].reduce(firstOf));
        const isSure = fitOf(reading, path, end);
        if (isSure !== undefined) fitting.push({ ...reading, isSure });
        if (fitting.length > MOST_FITTING) return undefined;
      }
    }
    return begun && fitting.sort(byTurn);
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
    const { front } = reading;
    const group: Group = { front, readings: new Set([reading]), first: reading };
    this.#groups.set(name, group);
    const alike = this.#byFront.get(front);
    if (alike === undefined) this.#byFront.set(front, new Set([group]));
    else alike.add(group);
  }

  #leave(reading: Reading): void {
    const name = groupOf(reading);
    const group = name === undefined ? undefined : this.#groups.get(name);
    if (group === undefined) return;
    group.first = undefined;
    group.readings.delete(reading);
    if (group.readings.size > 0) return;
    this.#groups.delete(name!);
    const alike = this.#byFront.get(group.front)!;
    alike.delete(group);
    if (alike.size === 0) this.#byFront.delete(group.front);
  }
}

function readingOf({ route: { host, path } }: RouteEntry): Reading {
  const { front, rest } = readExpression(path);
  const plain = matchingPath(front).path.toLowerCase();
  const slot = new PathSlot(host);
  return { path, front: plain, rest, slot, guards: new Map(), conditional: 0 };
}

function count(reading: Reading, { route }: RouteEntry, by: 1 | -1): void {
  const guards = guardsTextOf(route);
  const left = (reading.guards.get(guards) ?? 0) + by;
  if (left > 0) reading.guards.set(guards, left);
  else reading.guards.delete(guards);
  if (conditionsOf(route.match) !== undefined) reading.conditional += by;
}

/** Undefined for what decides nothing: it may be meant or not, and keeps nobody out. */
function groupOf({ path, front, rest, guards, conditional }: Reading): string | undefined {
  const [first] = guards.keys();
  if (first === undefined) return undefined;
  const isOneForAll = guards.size === 1 && conditional === 0;
  if (!isOneForAll) return `${rest} ${front} ${path}`;
  return rest === "unknown" && first === UNGUARDED ? undefined : `${rest} ${front} ${first}`;
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

/** Whether it fits for sure, or perhaps, where its front ends in `path`; undefined where it does not. */
function fitOf({ rest }: Reading, path: string, end: number): boolean | undefined {
  if (rest === "elements") return isElement(path, end) || undefined;
  return rest === "all";
}

function isElement(path: string, end: number): boolean {
  return path.length === end || path.charCodeAt(end) === SLASH;
}
