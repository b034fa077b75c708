import type { DatabaseSync, StatementSync } from "node:sqlite";

/** The statements of a table of SQL, by their names. */
export function prepareAll<K extends string>(
  database: DatabaseSync,
  sql: Record<K, string>,
): Record<K, StatementSync> {
  const prepared = Object.entries<string>(sql).map(([name, text]) => [
    name,
    database.prepare(text),
  ]);
  return Object.fromEntries(prepared) as Record<K, StatementSync>;
}
