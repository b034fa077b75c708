/**
 * A million sessions in SQLite: pages of the admin's list under all filters and sorts, and sums.
 * By hand: `node bench/session-rows.ts [ROWS]`. Of each way
 * in which sessions may lie in time it prints the slowest pages.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  openSqliteStore,
  type SqliteStore,
} from "../packages/chat/src/store/sqlite/sqlite-store.ts";
import { openTables } from "../packages/chat/src/store/sqlite/tables.ts";
import { figuresOf } from "../packages/chat/src/sessions/figures.ts";
import { SORTS, type SessionQuery } from "../packages/chat/src/sessions/ports.ts";
import type { SessionRow } from "../packages/chat/src/log/session-row.ts";
import { storedRow } from "../packages/chat/src/store/sqlite/stored-row.ts";
import { NO_CONTROL } from "../packages/chat/src/log/view.ts";
import { quantile } from "./measure.ts";

const ROWS = Number(process.argv[2] ?? 1_000_000);
const BEGIN = 1_700_000_000_000;
const DAY = 86_400_000;
const YEAR = 365 * DAY;
const NOW = BEGIN + YEAR;
const WORST = 20;

/** Fractions from 0 to 1 of each row, the same in each run. */
function chances(n: number): (at: number) => number {
  const bytes = createHash("sha256").update(String(n)).digest();
  return (at) => bytes.readUInt32LE(at * 4) / 2 ** 32;
}

function session(n: number, given: Partial<SessionRow>): SessionRow {
  const chance = chances(n);
  const startMs = given.startMs ?? BEGIN + Math.floor((n / ROWS) * YEAR);
  const count = 1 + Math.floor(chance(0) ** 4 * 200);
  const lengthMs = Math.floor(chance(1) ** 6 * 3 * DAY);
  const help = chance(4) < 0.001;
  return {
    userId: `user-${Math.floor(chance(2) ** 2 * 300_000)}`,
    sessionId: createHash("md5").update(`${n}`).digest("hex"),
    versions: { "home:1": count },
    lastHlc: startMs * 1_024,
    alias: undefined,
    name: "v1.k1.".padEnd(80, "x"),
    nameEntry: "n1",
    modelId: "openai-gpt4",
    startMs,
    endMs: chance(3) < 0.05 ? undefined : startMs + lengthMs,
    lastActivityMs: startMs + lengthMs,
    messageCount: count,
    totalTokens: count * Math.floor(chance(5) * 900),
    cost: count / 1_000,
    answers: { count, sumMs: count * 900, maxMs: Math.floor(chance(6) * 60_000) },
    adminAssisted: chance(7) < 0.002,
    control: NO_CONTROL,
    help: { isOpen: help, sinceMs: help ? startMs : undefined },
    ...given,
  };
}

/** How sessions may lie: as they do, and as a plan by indexes would like them least. */
const SHAPES: Record<string, (n: number) => SessionRow> = {
  "spread over a year": (n) => session(n, {}),
  "half of one user, each user's own begins in reverse": (n) =>
    n % 2 === 0
      ? session(n, { userId: "user-big", startMs: NOW - n, messageCount: ROWS - n })
      : session(n, { startMs: BEGIN + n, messageCount: ROWS + n }),
  "all in one day, the longer the earlier": (n) => {
    const startMs = BEGIN + Math.floor((n / ROWS) * DAY);
    const endMs = n % 9 === 0 ? undefined : BEGIN + 3 * DAY - (startMs - BEGIN);
    const [messageCount, totalTokens] = [ROWS - n, n % 1_000 === 0 ? ROWS + n : 0];
    return session(n, { startMs, endMs, messageCount, totalTokens, lastActivityMs: NOW - n });
  },
  "all alike, a user each, in no order": (n) =>
    session(n, {
      userId: `guest-${createHash("md5").update(`u${n}`).digest("hex")}`,
      startMs: BEGIN + Math.floor(chances(n)(0) * YEAR),
      messageCount: 1,
      totalTokens: 0,
      lastActivityMs: NOW,
      endMs: NOW,
    }),
};

function fill(file: string, shape: (n: number) => SessionRow): number {
  using database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536");
  const { operations } = openTables(database, "home:1");
  const started = performance.now();
  for (let n = 0; n < ROWS; n += 1) {
    if (n % 16_384 === 0) database.exec(n === 0 ? "BEGIN" : "COMMIT; BEGIN");
    const row = shape(n);
    operations.foldSession({ ...storedRow(row), figures: figuresOf(row) }, undefined);
  }
  database.exec("COMMIT");
  return (performance.now() - started) / 1_000;
}

function* queries(): Generator<SessionQuery> {
  const asks = [undefined, true, false];
  const ranges = [
    [undefined, undefined],
    [undefined, BEGIN + YEAR / 2],
    [BEGIN + DAY / 2, undefined],
    [BEGIN + 0.3 * DAY, BEGIN + 0.7 * YEAR],
    [NOW - 30 * DAY, NOW],
  ] as const;
  for (const userId of [undefined, "user-big"])
    for (const isActive of asks)
      for (const adminAssisted of asks)
        for (const helpOpen of asks)
          for (const [fromMs, toMs] of ranges)
            for (const sortBy of SORTS)
              for (const descending of [false, true])
                for (const [limit, offset] of [
                  [100, 0],
                  [1_000, 10_000],
                ] as const) {
                  const filters = { userId, isActive, adminAssisted, helpOpen, fromMs, toMs };
                  const order = { sortBy, descending, limit, from: { offset }, nowMs: NOW };
                  yield { ...filters, ...order };
                }
}

interface Took {
  readonly ms: number;
  readonly query: SessionQuery;
}

interface TookAgain extends Took {
  readonly medianMs: number;
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

/** Each page once, and the slow ones again: of those the least counts, as others use the machine. */
async function slowest({ sessions }: SqliteStore): Promise<{ all: number[]; worst: TookAgain[] }> {
  const all: Took[] = [];
  for (const query of queries()) all.push({ query, ms: await timed(() => sessions.list(query)) });
  const slow = all.toSorted((a, b) => b.ms - a.ms).slice(0, WORST * 3);
  const again: TookAgain[] = [];
  for (const { query } of slow) {
    const took: number[] = [];
    for (let time = 0; time < 9; time += 1) took.push(await timed(() => sessions.list(query)));
    again.push({ query, ms: Math.min(...took), medianMs: quantile(took, 0.5) });
  }
  const worst = again.toSorted((a, b) => b.ms - a.ms).slice(0, WORST);
  return { all: all.map(({ ms }) => ms), worst };
}

function words({ from, nowMs: _now, ...query }: SessionQuery): string {
  return JSON.stringify({ ...query, ...from });
}

const ms = (number: number) => `${number.toFixed(1)} ms`;

async function measure(name: string, shape: (n: number) => SessionRow): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "warren-bench-"));
  try {
    const file = join(place, "chat.db");
    const filledSeconds = fill(file, shape);
    console.log(`\n## ${name}: filled in ${filledSeconds.toFixed(0)} s`);
    const wallClock = () => NOW;
    const options = { file, origin: "home:1", wallClock, lost: console.error };
    const before = process.memoryUsage().rss;
    const opening = performance.now();
    await using store = await openSqliteStore(options);
    const page = { limit: 100, from: { offset: 0 }, nowMs: NOW };
    const first = { ...[...queries()][0]!, ...page };
    const opened = performance.now() - opening;
    const firstMs = await timed(() => store.sessions.list(first));
    const megabytes = (process.memoryUsage().rss - before) / 1e6;
    console.log(
      `opened in ${ms(opened)}, first page after ${ms(firstMs)}, ${megabytes.toFixed(0)} MB`,
    );
    for (const [from, to] of [
      [NOW - DAY + 1, NOW],
      [BEGIN + 1, NOW],
      [BEGIN + 1_000, BEGIN + 1_000 + DAY],
    ] as const) {
      const took = await timed(() => store.sessions.metrics(from, to));
      console.log(`metrics of ${((to - from) / DAY).toFixed(0)} days: ${ms(took)}`);
    }
    const { all, worst } = await slowest(store);
    const parts = [0.5, 0.9, 0.99, 1].map((part) => ms(quantile(all, part)));
    console.log(`${all.length} pages, once each: p50, p90, p99, slowest: ${parts.join(", ")}`);
    for (const { ms: least, medianMs, query } of worst)
      console.log(`${ms(least)} (median ${ms(medianMs)}) ${words(query)}`);
  } finally {
    rmSync(place, { recursive: true });
  }
}

for (const [name, shape] of Object.entries(SHAPES)) await measure(name, shape);
