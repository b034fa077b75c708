import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { COLUMNS_SQL } from "../src/store/sqlite/columns/session-columns.ts";
import { migrate } from "../src/store/sqlite/migrations.ts";
import { HOURS_SQL } from "../src/store/sqlite/session-hours.ts";
import { SESSION_SQL } from "../src/store/sqlite/session-table.ts";

const statements = Object.entries({ ...COLUMNS_SQL, ...HOURS_SQL, ...SESSION_SQL });

test.each(statements)("%s goes by an index to what it needs, and sorts nothing", (name, sql) => {
  using database = new DatabaseSync(":memory:");
  migrate(database);
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
  const details = plan
    .map(({ detail }) => detail)
    // Of what the caller passes as a list.
    .filter((detail) => !detail.includes("json_each") && !detail.startsWith("LIST SUBQUERY"));
  // The maximum of a key is its last one, which SQLite calls a search as well.
  expect(details.filter((detail) => !detail.startsWith("SEARCH"))).toEqual([]);
  if (!name.startsWith("insert") && !name.startsWith("change") && name !== "point") {
    expect(details.length).toBeGreaterThan(0);
  }
});

test("a fold that moves neither start nor end writes no index", () => {
  const set = SESSION_SQL.update.split("SET")[1]!;
  using database = new DatabaseSync(":memory:");
  migrate(database);
  const indexed = database
    .prepare(
      `SELECT DISTINCT i.name FROM pragma_index_list('session') AS l, pragma_index_info(l.name) AS i`,
    )
    .all() as { name: string }[];
  expect(indexed.map(({ name }) => name).toSorted()).toEqual([
    "end_ms",
    "session_id",
    "start_ms",
    "user_id",
  ]);
  for (const { name } of indexed) expect(set).not.toContain(`${name} =`);
});
