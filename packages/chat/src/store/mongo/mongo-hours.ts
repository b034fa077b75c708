import type { Clock } from "@warren/host";
import type { Collection, Document } from "mongodb";
import { currencyOf, msOf } from "../../sessions/figures.ts";
import { concurrency, HOUR_MS, hourOf, type Span } from "../../sessions/hours.ts";
import type { SessionMetrics } from "../../sessions/ports.ts";
import type { MongoCalls } from "./calls.ts";
import { upsert } from "./inserts.ts";
import { dateOf, SUMMED, summedOf, type SessionDocument } from "./session-document.ts";
import { addEnd, addStart, noSums, together, type SpanSums } from "./span-sums.ts";

/** The sums of one hour, or that they are to be made again. */
export interface HourDocument extends Document {
  /** Since 1970. */
  _id: number;
  /** When somebody said last that rows of the hour are about to be written. */
  marked_at: Date;
  is_fresh: boolean;
  sums?: SpanSums;
}

/** An instance that has marked an hour writes its rows for this long without marking it again. */
const HELD_MS = 5_000;
/**
 * Rows are written within 15 s of their mark (the above, and 10 s for the write), as clocks go that differ
 * by 5 s: after this nobody who marked the hour is still writing, and its sums may be kept.
 */
export const SETTLED_MS = 60_000;
/** Hours that are summed at once. */
const AT_ONCE = 8;

/** What sums are made of. */
export const HOUR_FINDS = {
  /** Hours before this one whose sums are to be made again. */
  stale: (hour: number) => ({ is_fresh: false, _id: { $lt: hour } }),
  begun: ({ fromMs, toMs }: Span) => ({
    start_time: { $gte: dateOf(fromMs), $lt: dateOf(toMs) },
  }),
  ended: ({ fromMs, toMs }: Span) => ({ ended_ms: { $gte: Math.max(0, fromMs), $lt: toMs } }),
};

export interface MongoHoursOptions {
  hours: Collection<HourDocument>;
  sessions: Collection<SessionDocument>;
  calls: MongoCalls;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/**
 * Sums of the sessions by the hour, without transactions.
 *
 * 1. Before a row is written the hours that it is part of are marked.
 * 2. Sums of marked hours are made from the rows whenever they are asked for.
 * 3. They are kept only once the mark has settled and if it is the same still: whatever was written under
 *    an earlier mark is in them, and a later one makes them stale.
 *
 * So a process that dies between a mark and its row costs another reading, and nothing else.
 */
export class MongoHours {
  readonly #options: MongoHoursOptions;
  /** Until when this instance writes rows of an hour under the mark it has made. */
  readonly #held = new Map<number, number>();

  constructor(options: MongoHoursOptions) {
    this.#options = options;
  }

  /** (1). The write follows within an attempt of the guard. */
  async mark(hours: Iterable<number>): Promise<void> {
    const { clock } = this.#options;
    const nowMs = clock.now();
    for (const [hour, untilMs] of this.#held) if (untilMs <= nowMs) this.#held.delete(hour);
    for (const hour of new Set(hours)) {
      if (this.#held.has(hour)) continue;
      await this.#mark(hour);
      this.#held.set(hour, nowMs + HELD_MS);
    }
  }

  async metrics(fromMs: number, toMs: number): Promise<SessionMetrics> {
    const window = { fromMs, toMs: toMs + 1 };
    const remade = await this.#remade(hourOf(window.toMs));
    const running = await this.#running(fromMs, remade);
    const pieces = await this.#pieces(window, remade);
    const total = pieces.map(({ sums }) => sums).reduce(together, noSums());
    const flows = pieces.map(({ sums, ...span }) => ({ ...span, ...sums }));
    const { average, most } = concurrency(window, running, flows);
    return {
      totalSessions: total.starts,
      activeSessions: total.active,
      totalTokens: total.tokens,
      cost: currencyOf(total.costNanos),
      avgResponseMs: total.answered === 0 ? 0 : msOf(total.meanMicros) / total.answered,
      maxResponseMs: msOf(total.maxMicros),
      adminAssisted: total.assisted,
      avgConcurrent: average,
      maxConcurrent: most,
    };
  }

  async #mark(hour: number): Promise<void> {
    const marked_at = new Date(this.#options.wallClock());
    await upsert(
      this.#options.hours,
      { _id: hour },
      { $set: { is_fresh: false }, $max: { marked_at } },
    );
  }

  /** (2), of all stale hours before `last`. */
  async #remade(last: number): Promise<ReadonlyMap<number, SpanSums>> {
    const { calls, hours } = this.#options;
    const stale = await calls.read(() =>
      hours.find(HOUR_FINDS.stale(last), { projection: { marked_at: 1 } }).toArray(),
    );
    const remade = new Map<number, SpanSums>();
    for (let at = 0; at < stale.length; at += AT_ONCE) {
      const some = stale.slice(at, at + AT_ONCE);
      const sums = await Promise.all(some.map((hour) => this.#remake(hour)));
      for (const [n, hour] of some.entries()) remade.set(hour._id, sums[n]!);
    }
    return remade;
  }

  /** (3). */
  async #remake({ _id, marked_at }: HourDocument): Promise<SpanSums> {
    const { calls, hours, wallClock } = this.#options;
    const isSettled = wallClock() - marked_at.getTime() >= SETTLED_MS;
    const sums = await this.#ofRows({ fromMs: _id * HOUR_MS, toMs: (_id + 1) * HOUR_MS });
    if (isSettled) {
      const kept = { $set: { sums, is_fresh: true } };
      await calls.write(() => hours.updateOne({ _id, marked_at }, kept));
    }
    return sums;
  }

  /** How many went on at a moment. */
  async #running(atMs: number, remade: ReadonlyMap<number, SpanSums>): Promise<number> {
    const hour = hourOf(atMs);
    const before = await this.#kept({ $lt: hour }, { "sums.starts": 1, "sums.ends": 1 });
    const part = await this.#ofRows({ fromMs: hour * HOUR_MS, toMs: atMs });
    return before
      .map(({ _id, sums }) => remade.get(_id) ?? sums ?? noSums())
      .reduce((running, { starts, ends }) => running + starts - ends, part.starts - part.ends);
  }

  /** The window's whole hours, and what it has of others, in order. */
  async #pieces(window: Span, remade: ReadonlyMap<number, SpanSums>) {
    const [first, last] = [Math.ceil(window.fromMs / HOUR_MS), hourOf(window.toMs)];
    if (first > last) return [{ ...window, sums: await this.#ofRows(window) }];
    const head = { fromMs: window.fromMs, toMs: first * HOUR_MS };
    const tail = { fromMs: last * HOUR_MS, toMs: window.toMs };
    const whole = await this.#kept({ $gte: first, $lt: last }, { sums: 1 });
    return [
      { ...head, sums: await this.#ofRows(head) },
      ...whole.map(({ _id, sums }) => ({
        fromMs: _id * HOUR_MS,
        toMs: (_id + 1) * HOUR_MS,
        sums: remade.get(_id) ?? sums ?? noSums(),
      })),
      { ...tail, sums: await this.#ofRows(tail) },
    ].filter(({ fromMs, toMs }) => fromMs < toMs);
  }

  #kept(_id: object, projection: Document): Promise<HourDocument[]> {
    const { calls, hours } = this.#options;
    return calls.read(() =>
      hours
        .find({ _id } as object, { projection })
        .sort({ _id: 1 })
        .toArray(),
    );
  }

  /** Reads rows one batch at a time: nothing but the sums is held. */
  async #ofRows({ fromMs, toMs }: Span): Promise<SpanSums> {
    if (fromMs >= toMs) return noSums();
    const { calls, sessions } = this.#options;
    return calls.read(async () => {
      const sums = noSums();
      const begun = HOUR_FINDS.begun({ fromMs, toMs });
      for await (const document of sessions.find(begun, { projection: SUMMED })) {
        addStart(sums, summedOf(document), toMs);
      }
      const ended = HOUR_FINDS.ended({ fromMs, toMs });
      for await (const { ended_ms } of sessions.find(ended, { projection: { ended_ms: 1 } })) {
        addEnd(sums, ended_ms, toMs);
      }
      return sums;
    });
  }
}
