import type { DatabaseSync } from "node:sqlite";
import { LogTable } from "./log-table.ts";
import { migrate } from "./migrations.ts";

/** Everything that the worker does with the file, by the name under which it is asked for. */
export interface Operations {
  append: LogTable["append"];
  after: LogTable["after"];
  latest: LogTable["latest"];
  heads: LogTable["heads"];
  tail: LogTable["tail"];
  lastPosition: LogTable["lastPosition"];
}

export interface Tables {
  readonly operations: Operations;
  /** What was written since the last commit is not there after all. */
  rolledBack(): void;
}

export function openTables(database: DatabaseSync, origin: string): Tables {
  migrate(database);
  const log = new LogTable(database, origin);
  return {
    operations: {
      append: (draft, wallMs) => log.append(draft, wallMs),
      after: (key, versions, limit) => log.after(key, versions, limit),
      latest: (key, before, limit) => log.latest(key, before, limit),
      heads: (key) => log.heads(key),
      tail: (cursor, limit) => log.tail(cursor, limit),
      lastPosition: () => log.lastPosition(),
    },
    rolledBack: () => log.rolledBack(),
  };
}
