import type { Clock } from "@warren/tunnel";
import { LRUCache } from "lru-cache";
import { HostTable } from "../../routes/host-table.ts";
import type { PlaceRecord } from "./place-record.ts";

/** A place as it was read, ready to answer. */
export interface PlaceCopy {
  readonly table: HostTable;
  readonly group: string;
  readonly borrowed: true | undefined;
  readonly version: number;
  /** Routes in it: fewer of the same version means that some have expired. */
  readonly count: number;
  readonly generation: number;
  /** Of which content of Redis: versions of another are of no meaning. */
  readonly content: number;
  readonly readAt: number;
  /** When it must be read again. Later while a read fails. */
  freshUntil: number;
}

export interface PlaceCopiesOptions {
  clock: Clock;
  /** Routes held at most. */
  mostRoutes: number;
  /** How long a copy counts as fresh when no change is heard. */
  freshMs: number;
  /** How long an unknown host counts as unknown. */
  unknownMs: number;
}

/** The bounded copy in memory: places that are claimed, and apart from them names that are not. */
export class PlaceCopies {
  /** Grows when a change may have been missed: what was read before it is not fresh any more. */
  generation = 0;
  #content = 0;
  readonly #options: PlaceCopiesOptions;
  readonly #claimed: LRUCache<string, PlaceCopy>;
  /** By name, when it was read. Apart, so that made-up names cannot push out real ones. */
  readonly #absent: LRUCache<string, { readAt: number; generation: number }>;

  constructor(options: PlaceCopiesOptions) {
    this.#options = options;
    this.#claimed = new LRUCache({ maxSize: options.mostRoutes });
    this.#absent = new LRUCache({ max: 100_000 });
  }

  /** The copy at any age. */
  get(place: string): PlaceCopy | undefined {
    return this.#claimed.get(place);
  }

  isFresh(copy: PlaceCopy, now: number): boolean {
    return now < copy.freshUntil && copy.generation === this.generation;
  }

  /** True when the name was not claimed, as of `ageMs` ago or less. */
  isAbsent(place: string, now: number, ageMs: number): boolean {
    const absent = this.#absent.get(place);
    return (
      absent !== undefined && absent.generation === this.generation && now - absent.readAt < ageMs
    );
  }

  /** Keeps what was read; an older version than the one at hand is not taken. */
  keep(record: PlaceRecord): void {
    const { place, claim, entries, version } = record;
    const now = this.#options.clock.now();
    if (claim === undefined) {
      this.#claimed.delete(place);
      this.#absent.set(place, { readAt: now, generation: this.generation });
      return;
    }
    this.#absent.delete(place);
    const had = this.#claimed.peek(place);
    const comparable = had?.content === this.#content;
    if (comparable && had.version > version) return;
    const same = comparable && had.version === version && had.count === entries.length;
    const table = same ? had.table : this.#tableOf(record);
    const freshUntil = now + Math.min(this.#options.freshMs, record.leftMs);
    const copy: PlaceCopy = {
      table,
      group: claim.group,
      borrowed: claim.borrowed,
      version,
      count: entries.length,
      generation: this.generation,
      content: this.#content,
      readAt: now,
      freshUntil,
    };
    this.#claimed.set(place, copy, { size: Math.min(copy.count + 1, this.#options.mostRoutes) });
  }

  /**
   * Redis lost what it had. Versions begin again at its clock, which after a failover may be behind
   * the one that made the versions held here: they must not keep the new ones out. And nobody
   * announces what is not written again: every copy is looked at anew.
   */
  lost(): void {
    this.#content += 1;
    this.generation += 1;
  }

  /** Something about the place changed: it is read again before it answers again. */
  doubt(place: string): void {
    this.#absent.delete(place);
    const copy = this.#claimed.peek(place);
    if (copy !== undefined) copy.freshUntil = -Infinity;
  }

  /** Own routes are newer than the copy, and Redis cannot be asked. */
  forget(place: string): void {
    this.#claimed.delete(place);
    this.#absent.delete(place);
  }

  /** Serves a copy a little longer, without asking again for each request, while a read fails. */
  extend(copy: PlaceCopy, ms: number): void {
    copy.freshUntil = Math.max(copy.freshUntil, this.#options.clock.now() + ms);
  }

  #tableOf({ place, entries }: PlaceRecord): HostTable {
    const table = new HostTable(place);
    for (const entry of entries) table.put(entry);
    return table;
  }
}
