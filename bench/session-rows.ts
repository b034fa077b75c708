/**
 * A million sessions in SQLite: pages of the admin's list under all filters and sorts, and sums. By hand:
 * `node bench/session-rows.ts [ROWS]`. Of each way in which sessions may lie it prints the slowest pages.
 * The store runs in this thread, so that the time which it took from the processor can be told from the
 * time that passed: others use the machine as well.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteSessions } from "../packages/chat/src/store/sqlite/sqlite-sessions.ts";
import { openTables } from "../packages/chat/src/store/sqlite/tables.ts";
import { figuresOf } from "../packages/chat/src/sessions/figures.ts";
import { SORTS, type Sessions, type SessionQuery } from "../packages/chat/src/sessions/ports.ts";
import type { SessionRow } from "../packages/chat/src/log/session-row.ts";
import { storedRow } from "../packages/chat/src/store/stored-row.ts";
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

/** Fast, as nobody minds if it is lost. */
const FILLING = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000";
/** As the worker has it. */
const SERVING = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
  PRAGMA mmap_size = 2147418112`;

function fill(file: string, shape: (n: number) => SessionRow): void {
  using database = new DatabaseSync(file);
  database.exec(FILLING);
  const { operations } = openTables(database, "home:1");
  database.exec("BEGIN");
  for (let n = 0; n < ROWS; n += 1) {
    const row = shape(n);
    operations.foldSession({ ...storedRow(row), figures: figuresOf(row) }, undefined);
  }
  database.exec("COMMIT");
}

function serve(database: DatabaseSync): Sessions {
  const { operations } = openTables(database, "home:1");
  const calls = operations as unknown as Record<string, (...args: unknown[]) => never>;
  // As it passes between the threads.
  return sqliteSessions(async (operation, ...args) => structuredClone(calls[operation]!(...args)));
}

function* queries(): Generator<SessionQuery> {
  const asks = [undefined, true, false];
  const ranges = [
    [undefined, undefined],
    [undefined, BEGIN + YEAR / 2],
    [BEGIN + DAY / 2, undefined],
    [BEGIN + 0.3 * DAY, BEGIN + 0.7 * YEAR],
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
  /** Of the processor. */
  readonly cpuMs: number;
}

interface Asked extends Took {
  readonly query: SessionQuery;
}

async function timed(act: () => Promise<unknown>): Promise<Took> {
  const [started, cpu] = [performance.now(), process.threadCpuUsage()];
  await act();
  const used = process.threadCpuUsage(cpu);
  return { ms: performance.now() - started, cpuMs: (used.user + used.system) / 1_000 };
}

/** Each page once, and the slow ones again: of those the median counts. */
async function slowest(sessions: Sessions): Promise<{ all: Took[]; worst: Asked[] }> {
  const all: Asked[] = [];
  for (const query of queries()) all.push({ query, ...(await timed(() => sessions.list(query))) });
  const slow = all.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, WORST * 2);
  const worst: Asked[] = [];
  for (const { query } of slow) {
    const took: Took[] = [];
    for (let time = 0; time < 5; time += 1) took.push(await timed(() => sessions.list(query)));
    const of = (pick: (one: Took) => number) => quantile(took.map(pick), 0.5);
    worst.push({ query, ms: of(({ ms }) => ms), cpuMs: of(({ cpuMs }) => cpuMs) });
  }
  return { all, worst: worst.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, WORST) };
}

function words({ from, nowMs: _now, ...query }: SessionQuery): string {
  return JSON.stringify({ ...query, ...from });
}

const told = ({ ms, cpuMs }: Took) => `${cpuMs.toFixed(1)} ms of CPU in ${ms.toFixed(1)} ms`;

async function measure(name: string, shape: (n: number) => SessionRow): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "warren-bench-"));
  try {
    const file = join(place, "chat.db");
    fill(file, shape);
    console.log(`\n## ${name}`);
    using database = new DatabaseSync(file);
    database.exec(SERVING);
    const sessions = serve(database);
    const first = { ...[...queries()][0]!, limit: 100 };
    console.log(
      `the first page, with all loaded for it: ${told(await timed(() => sessions.list(first)))}`,
    );
    for (const [from, to] of [
      [NOW - DAY + 1, NOW],
      [BEGIN + 1, NOW],
      [BEGIN + 1_000, BEGIN + 1_000 + DAY],
    ] as const) {
      const took = await timed(() => sessions.metrics(from, to));
      console.log(`metrics of ${((to - from) / DAY).toFixed(0)} days: ${told(took)}`);
    }
    const { all, worst } = await slowest(sessions);
    const at = (part: number, pick: (one: Took) => number) =>
      quantile(all.map(pick), part).toFixed(1);
    for (const part of [0.5, 0.9, 0.99, 0.999]) {
      const [cpuMs, ms] = [at(part, (one) => one.cpuMs), at(part, (one) => one.ms)];
      console.log(`p${part * 100} of ${all.length} pages: ${cpuMs} ms of CPU, ${ms} ms`);
    }
    for (const took of worst) console.log(`${told(took)}: ${words(took.query)}`);
  } finally {
    rmSync(place, { recursive: true });
  }
}

for (const [name, shape] of Object.entries(SHAPES)) await measure(name, shape);
