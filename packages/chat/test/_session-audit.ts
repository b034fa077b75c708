import type { DatabaseSync } from "node:sqlite";
import { figuresOf } from "../src/sessions/figures.ts";
import { figuresIn, type StoredFigures } from "../src/store/sqlite/figure-columns.ts";
import { sessionRow } from "../src/store/stored-row.ts";
import { HOUR } from "./_session-kit.ts";

type Sums = Record<string, number | null>;

/** What is wrong in a file: rows whose columns say another thing than they, and sums that are not theirs. */
export function audit(database: DatabaseSync): string[] {
  const rows = database.prepare("SELECT * FROM session").all() as unknown as Stored[];
  const wrong = rows.flatMap((stored) => {
    const { user_id: userId, session_id: sessionId, versions, row } = stored;
    const said = figuresOf(sessionRow({ userId, sessionId, versions, row }));
    return same(said, figuresIn(stored)) ? [] : [`the columns of ${sessionId}`];
  });
  const hours = database.prepare("SELECT * FROM session_hour").all() as unknown as Hour[];
  const expected = sumsOf(rows);
  for (const { hour, ...stored } of hours) {
    const sums = expected.get(hour);
    expected.delete(hour);
    const found = { ...stored, max_micros: stored["max_micros"] ?? sums?.["max_micros"] ?? null };
    if (!same(found, { ...sums })) wrong.push(`hour ${hour}: ${text(found)}, not ${text(sums)}`);
  }
  return [...wrong, ...[...expected.keys()].map((hour) => `hour ${hour} is missing`)];
}

interface Stored extends StoredFigures {
  user_id: string;
  session_id: string;
  versions: string;
  row: string;
}

type Hour = Sums & { hour: number };

function sumsOf(rows: readonly Stored[]): Map<number, Sums> {
  const hours = new Map<number, Sums>();
  const add = (atMs: number, sums: Record<string, number>) => {
    const hour = Math.floor(atMs / HOUR);
    const now = hours.get(hour) ?? {};
    hours.set(hour, now);
    for (const name of NAMES) {
      const [was, more] = [now[name] ?? 0, sums[name] ?? 0];
      now[name] = name === "max_micros" ? Math.max(was, more) : was + more;
    }
  };
  for (const row of rows) {
    add(row.start_ms, {
      sessions: 1,
      active: row.end_ms === null ? 1 : 0,
      tokens: row.total_tokens,
      cost_nanos: row.cost_nanos,
      mean_micros: row.mean_micros ?? 0,
      answered: row.mean_micros === null ? 0 : 1,
      max_micros: row.max_micros,
      assisted: row.admin_assisted,
      start_left_ms: HOUR - (row.start_ms % HOUR),
    });
    if (row.end_ms !== null) add(row.end_ms, { ends: 1, end_left_ms: HOUR - (row.end_ms % HOUR) });
  }
  return hours;
}

const NAMES = [
  "sessions",
  "active",
  "tokens",
  "cost_nanos",
  "mean_micros",
  "answered",
  "max_micros",
  "assisted",
  "start_left_ms",
  "ends",
  "end_left_ms",
];

function same(a: object, b: object): boolean {
  return text(a) === text(b);
}

function text(value: object | undefined): string {
  return JSON.stringify(Object.entries(value ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
