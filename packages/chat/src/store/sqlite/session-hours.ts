import type { DatabaseSync, StatementSync } from "node:sqlite";
import { currencyOf, msOf, type Figures } from "../../sessions/figures.ts";
import { concurrency, HOUR_MS, hourOf, type Flow, type Span } from "../../sessions/hours.ts";
import type { SessionMetrics } from "../../sessions/ports.ts";
import { prepareAll } from "./statements.ts";

/**
 * Sums of the sessions by the hour: of what began in it, and of what ended. They are written with the
 * rows, in the caller's transaction, and are whole numbers, so that what is taken out leaves nothing.
 */
export class SessionHours {
  readonly #sql: Record<keyof typeof HOURS_SQL, StatementSync>;

  constructor(database: DatabaseSync) {
    this.#sql = prepareAll(database, HOURS_SQL);
  }

  /** A session was `before` and is `after`; undefined: was not or is not there. */
  change(before: Figures | undefined, after: Figures | undefined): void {
    this.#loseMost(before, after);
    const changes = new Map<number, Change>();
    if (before !== undefined) add(changes, before, -1);
    if (after !== undefined) add(changes, after, 1);
    for (const [hour, change] of changes) {
      const most = after !== undefined && hourOf(after.startMs) === hour ? after.maxMicros : 0;
      const isLonger = most > (before?.maxMicros ?? 0);
      if (isLonger || Object.values(change).some((number) => number !== 0)) {
        this.#write(hour, change, most);
      }
    }
  }

  /** Of the sessions that began in `[fromMs, toMs]`, and of how many went on in it. */
  metrics(fromMs: number, toMs: number): SessionMetrics {
    const window = { fromMs, toMs: toMs + 1 };
    const { first, last, cut } = partsOf(window);
    this.#findMost(first, last);
    const sums = this.#sql.ofHours.get(first, last) as unknown as Sums;
    const parts = cut.map((span) => this.#ofRows(span));
    const total = [sums, ...parts].reduce(sumOf);
    const { average, most } = concurrency(window, this.#running(fromMs), this.#flows(window));
    return {
      totalSessions: total.sessions,
      activeSessions: total.active,
      totalTokens: total.tokens,
      cost: currencyOf(total.cost_nanos),
      avgResponseMs: total.answered === 0 ? 0 : msOf(total.mean_micros) / total.answered,
      maxResponseMs: msOf(total.max_micros),
      adminAssisted: total.assisted,
      avgConcurrent: average,
      maxConcurrent: most,
    };
  }

  /** The longest answer of an hour may have been in what is taken out: it is looked for when asked. */
  #loseMost(before: Figures | undefined, after: Figures | undefined): void {
    if (before === undefined || before.maxMicros === 0) return;
    const hour = hourOf(before.startMs);
    const stays = after !== undefined && hourOf(after.startMs) === hour;
    if (stays && after.maxMicros >= before.maxMicros) return;
    this.#sql.loseMost.run(hour, before.maxMicros);
  }

  #findMost(first: number, last: number): void {
    for (const { hour } of this.#sql.lost.all(first, last) as { hour: number }[]) {
      const { max_micros } = this.#ofRows({ fromMs: hour * HOUR_MS, toMs: (hour + 1) * HOUR_MS });
      this.#sql.setMost.run(max_micros, hour);
    }
  }

  #write(hour: number, change: Change, most: number): void {
    this.#sql.change.run(
      hour,
      change.sessions,
      change.active,
      change.tokens,
      change.costNanos,
      change.meanMicros,
      change.answered,
      most,
      change.assisted,
      change.startLeftMs,
      change.ends,
      change.endLeftMs,
    );
    if (change.sessions < 0 || change.ends < 0) this.#sql.removeEmpty.run(hour);
  }

  #ofRows({ fromMs, toMs }: Span): Sums {
    return this.#sql.ofRows.get(fromMs, toMs) as unknown as Sums;
  }

  /** How many went on at a moment. */
  #running(atMs: number): number {
    const hour = hourOf(atMs);
    const { running } = this.#sql.running.get(hour) as { running: number };
    const { starts, ends } = this.#flowOfRows({ fromMs: hour * HOUR_MS, toMs: atMs });
    return running + starts - ends;
  }

  *#flows(window: Span): Generator<Flow> {
    const { first, last, cut } = partsOf(window);
    const [before, ...after] = cut.map((span) => this.#flowOfRows(span));
    if (before !== undefined && before.fromMs < first * HOUR_MS) yield before;
    else if (before !== undefined) after.unshift(before);
    for (const row of this.#sql.flows.iterate(first, last)) {
      const { hour, ...flow } = row as unknown as Omit<Flow, keyof Span> & { hour: number };
      yield { fromMs: hour * HOUR_MS, toMs: (hour + 1) * HOUR_MS, ...flow };
    }
    yield* after;
  }

  #flowOfRows({ fromMs, toMs }: Span): Flow {
    const begun = this.#sql.startsOfRows.get(toMs, fromMs, toMs) as unknown as Counted;
    const ended = this.#sql.endsOfRows.get(toMs, fromMs, toMs) as unknown as Counted;
    return {
      fromMs,
      toMs,
      starts: begun.count,
      startLeftMs: begun.leftMs,
      ends: ended.count,
      endLeftMs: ended.leftMs,
    };
  }
}

interface Counted {
  count: number;
  leftMs: number;
}

interface Change {
  sessions: number;
  active: number;
  tokens: number;
  costNanos: number;
  meanMicros: number;
  answered: number;
  assisted: number;
  startLeftMs: number;
  ends: number;
  endLeftMs: number;
}

interface Sums {
  sessions: number;
  active: number;
  tokens: number;
  cost_nanos: number;
  mean_micros: number;
  answered: number;
  max_micros: number;
  assisted: number;
}

const SUMS = {
  sessions: "count(*)",
  active: "coalesce(sum(end_ms IS NULL), 0)",
  tokens: "coalesce(sum(total_tokens), 0)",
  cost_nanos: "coalesce(sum(cost_nanos), 0)",
  mean_micros: "coalesce(sum(mean_micros), 0)",
  answered: "count(mean_micros)",
  max_micros: "coalesce(max(max_micros), 0)",
  assisted: "coalesce(sum(admin_assisted), 0)",
};
const sumsOfRows = Object.entries(SUMS).map(([name, sum]) => `${sum} AS ${name}`);
const sumsOfHours = Object.keys(SUMS).map((name) =>
  name === "max_micros"
    ? SUMS.max_micros + " AS max_micros"
    : `coalesce(sum(${name}), 0) AS ${name}`,
);

export const HOURS_SQL = {
  change: `INSERT INTO session_hour (hour, sessions, active, tokens, cost_nanos, mean_micros, answered,
      max_micros, assisted, start_left_ms, ends, end_left_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (hour) DO UPDATE SET
      sessions = sessions + excluded.sessions,
      active = active + excluded.active,
      tokens = tokens + excluded.tokens,
      cost_nanos = cost_nanos + excluded.cost_nanos,
      mean_micros = mean_micros + excluded.mean_micros,
      answered = answered + excluded.answered,
      -- Of an unknown most and a known one the most is unknown.
      max_micros = max(max_micros, excluded.max_micros),
      assisted = assisted + excluded.assisted,
      start_left_ms = start_left_ms + excluded.start_left_ms,
      ends = ends + excluded.ends,
      end_left_ms = end_left_ms + excluded.end_left_ms`,
  removeEmpty: "DELETE FROM session_hour WHERE hour = ? AND sessions = 0 AND ends = 0",
  loseMost: "UPDATE session_hour SET max_micros = NULL WHERE hour = ? AND max_micros = ?",
  lost: "SELECT hour FROM session_hour WHERE hour >= ? AND hour < ? AND max_micros IS NULL",
  setMost: "UPDATE session_hour SET max_micros = ? WHERE hour = ?",
  ofHours: `SELECT ${sumsOfHours.join(", ")} FROM session_hour WHERE hour >= ? AND hour < ?`,
  ofRows: `SELECT ${sumsOfRows.join(", ")} FROM session WHERE start_ms >= ? AND start_ms < ?`,
  running: "SELECT coalesce(sum(sessions - ends), 0) AS running FROM session_hour WHERE hour < ?",
  flows: `SELECT hour, sessions AS starts, start_left_ms AS startLeftMs, ends, end_left_ms AS endLeftMs
    FROM session_hour WHERE hour >= ? AND hour < ? ORDER BY hour`,
  startsOfRows: `SELECT count(*) AS count, coalesce(sum(? - start_ms), 0) AS leftMs
    FROM session WHERE start_ms >= ? AND start_ms < ?`,
  endsOfRows: `SELECT count(*) AS count, coalesce(sum(? - end_ms), 0) AS leftMs
    FROM session WHERE end_ms >= ? AND end_ms < ?`,
};

/** The hours `[first, last)` that a window has whole, and what it has of others. */
function partsOf({ fromMs, toMs }: Span): { first: number; last: number; cut: Span[] } {
  const [first, last] = [Math.ceil(fromMs / HOUR_MS), Math.floor(toMs / HOUR_MS)];
  if (first > last) return { first, last, cut: [{ fromMs, toMs }] };
  const cut = [
    { fromMs, toMs: first * HOUR_MS },
    { fromMs: last * HOUR_MS, toMs },
  ];
  return { first, last, cut: cut.filter((span) => span.fromMs < span.toMs) };
}

function add(changes: Map<number, Change>, figures: Figures, sign: 1 | -1): void {
  const { startMs, endMs, meanMicros } = figures;
  const begun = changeOf(changes, hourOf(startMs));
  begun.sessions += sign;
  begun.active += endMs === undefined ? sign : 0;
  begun.tokens += sign * figures.totalTokens;
  begun.costNanos += sign * figures.costNanos;
  begun.meanMicros += sign * (meanMicros ?? 0);
  begun.answered += meanMicros === undefined ? 0 : sign;
  begun.assisted += figures.adminAssisted ? sign : 0;
  begun.startLeftMs += sign * leftMs(startMs);
  if (endMs === undefined) return;
  const ended = changeOf(changes, hourOf(endMs));
  ended.ends += sign;
  ended.endLeftMs += sign * leftMs(endMs);
}

function changeOf(changes: Map<number, Change>, hour: number): Change {
  let change = changes.get(hour);
  if (change === undefined) changes.set(hour, (change = { ...NO_CHANGE }));
  return change;
}

const NO_CHANGE: Change = {
  sessions: 0,
  active: 0,
  tokens: 0,
  costNanos: 0,
  meanMicros: 0,
  answered: 0,
  assisted: 0,
  startLeftMs: 0,
  ends: 0,
  endLeftMs: 0,
};

/** Until the end of the hour. */
function leftMs(atMs: number): number {
  return (hourOf(atMs) + 1) * HOUR_MS - atMs;
}

function sumOf(a: Sums, b: Sums): Sums {
  const names = Object.keys(SUMS) as (keyof Sums)[];
  const sums = names.map((name) => [name, a[name] + b[name]]);
  return { ...Object.fromEntries(sums), max_micros: Math.max(a.max_micros, b.max_micros) };
}
