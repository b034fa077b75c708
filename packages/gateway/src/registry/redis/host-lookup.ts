import type { Clock } from "@warren/tunnel";
import { candidatesOf } from "../../routes/host-pattern.ts";
import type { HostTable } from "../../routes/host-table.ts";
import { KEYS } from "./keys.ts";
import type { OwnRoutes } from "./own-routes.ts";
import type { PlaceCopies, PlaceCopy } from "./place-copies.ts";
import { readPlace } from "./place-record.ts";
import type { RegistryLink } from "./registry-link.ts";
import { READ } from "./scripts.ts";
import type { VersionWatch } from "./version-watch.ts";

export interface HostLookupOptions {
  link: RegistryLink;
  watch: VersionWatch;
  copies: PlaceCopies;
  own: OwnRoutes;
  clock: Clock;
  commandMs: number;
  freshMs: number;
  unknownMs: number;
}

/** The table that decides, `none` when no claim covers the host, `away` when nobody can say now. */
export type Decision = HostTable | "none" | "away";

/** How long a request for a host that nobody knows waits for a flushed Redis to fill again. */
const RECOVERY_MS = 2_000;
const RECOVERY_STEP_MS = 50;
/** A copy that could not be read again answers for this long before the next try. */
const GRACE_MS = 1_000;

/**
 * Finds the place that decides for a host: from the copies in memory if they are fresh, else with one
 * pipeline of reads. It never fails: while Redis is away copies of any age answer, and own routes.
 */
export class HostLookup {
  readonly #options: HostLookupOptions;
  /** Reads under way, by place; a change heard meanwhile marks what they bring as old. */
  readonly #reading = new Map<string, { done: Promise<void>; doubted: boolean }>();

  constructor(options: HostLookupOptions) {
    this.#options = options;
  }

  find(host: string): Decision | Promise<Decision> {
    const { copies, clock, link } = this.#options;
    const now = clock.now();
    const copy = copies.get(host);
    if (copy !== undefined && copy.count > 0 && copies.isFresh(copy, now)) return copy.table;
    const candidates = candidatesOf(host);
    const decided = this.#fresh(candidates, now);
    if (decided !== undefined) return decided;
    return link.healthy ? this.#read(candidates) : this.#known(candidates);
  }

  /** A change of the place was heard. */
  doubt(place: string): void {
    this.#options.copies.doubt(place);
    const reading = this.#reading.get(place);
    if (reading !== undefined) reading.doubted = true;
  }

  #fresh(candidates: readonly string[], now: number): Decision | undefined {
    const { copies, freshMs, unknownMs } = this.#options;
    let bare: PlaceCopy | undefined;
    for (const place of candidates) {
      const copy = copies.get(place);
      if (copy === undefined) {
        if (!copies.isAbsent(place, now, freshMs)) return undefined;
        continue;
      }
      if (!copies.isFresh(copy, now)) return undefined;
      if (bare !== undefined && copy.group !== bare.group) break;
      if (copy.count > 0) return copy.table;
      bare ??= copy;
    }
    if (bare !== undefined) return bare.table;
    const sure = candidates.every((place) => copies.isAbsent(place, now, unknownMs));
    return sure ? "none" : undefined;
  }

  /** The best that memory has at any age. */
  #known(candidates: readonly string[]): Decision {
    const { copies, own, clock, link, unknownMs } = this.#options;
    const now = clock.now();
    let sure = true;
    let bare: PlaceCopy | undefined;
    for (const place of candidates) {
      const copy = copies.get(place);
      if (copy !== undefined) {
        // Asking a Redis that is away once more for each request would only add to the wait.
        if (!link.healthy) copies.extend(copy, GRACE_MS);
        if (bare !== undefined && copy.group !== bare.group) break;
        if (copy.count > 0) return copy.table;
        bare ??= copy;
        continue;
      }
      const table = own.tableOf(place);
      if (table !== undefined) return bare?.table ?? table;
      sure &&= copies.isAbsent(place, now, unknownMs);
    }
    return bare?.table ?? (sure ? "none" : "away");
  }

  async #read(candidates: readonly string[]): Promise<Decision> {
    const { clock, watch } = this.#options;
    const started = clock.now();
    for (;;) {
      if (!(await this.#readAll(candidates))) return this.#known(candidates);
      const decided = this.#fresh(candidates, clock.now()) ?? this.#known(candidates);
      if (decided !== "away" || !watch.isRecovering) return decided;
      if (clock.now() - started > RECOVERY_MS) return decided;
      await new Promise<void>((resolve) => void clock.after(RECOVERY_STEP_MS, resolve));
    }
  }

  /** Reads what is not fresh, with the epoch, in one pipeline. False when Redis did not answer. */
  async #readAll(candidates: readonly string[]): Promise<boolean> {
    const { link, watch, clock, copies, commandMs, unknownMs } = this.#options;
    const now = clock.now();
    const stale = candidates.filter((place) => {
      const copy = copies.get(place);
      if (copy !== undefined) return !copies.isFresh(copy, now);
      return !copies.isAbsent(place, now, unknownMs);
    });
    try {
      const epoch = link.command(KEYS.version, ["HGET", KEYS.version, "epoch"], commandMs);
      const seen = epoch.then((said) => watch.saw(said));
      await Promise.all([seen, ...stale.map((place) => this.#readPlace(place, seen))]);
      return true;
    } catch {
      return false;
    }
  }

  #readPlace(place: string, seen: Promise<void>): Promise<void> {
    const under = this.#reading.get(place);
    if (under !== undefined) return under.done;
    const reading = { done: Promise.resolve(), doubted: false };
    this.#reading.set(place, reading);
    reading.done = this.#take(place, seen, reading).finally(() => this.#reading.delete(place));
    return reading.done;
  }

  async #take(place: string, seen: Promise<void>, reading: { doubted: boolean }): Promise<void> {
    const { link, copies, watch, commandMs } = this.#options;
    const said = await link.run(READ, KEYS.place(place), [], commandMs);
    await seen;
    const [now, flat] = said as [string, string[]];
    const record = readPlace(place, Number(now), flat);
    // Nothing there, just after a flush: whoever owns it is about to write it again.
    if (record.claim === undefined && watch.isRecovering) return;
    copies.keep(record);
    if (reading.doubted) copies.doubt(place);
  }
}
