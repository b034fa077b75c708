import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Lease, LeaseKind, LeaseMark, LeaseName } from "../../leases/ports.ts";
import { prepareAll } from "./statements.ts";

/** Leases. Everything runs within the caller's transaction. */
export class LeaseTable {
  readonly #sql: Record<keyof typeof SQL, StatementSync>;

  constructor(database: DatabaseSync) {
    this.#sql = prepareAll(database, SQL);
  }

  get({ kind, userId, name }: LeaseName): Lease | undefined {
    const row = this.#sql.get.get(kind, userId, name) as unknown as Row | undefined;
    return row && leaseOf(row);
  }

  put({ kind, userId, name }: LeaseName, was: Lease | undefined, next: Lease | undefined): boolean {
    const key = [kind, userId, name] as const;
    if (was === undefined) {
      if (next === undefined) return this.#sql.get.get(...key) === undefined;
      const { holder, term, beat, note } = next;
      return this.#sql.insert.run(...key, holder, term, beat, note).changes === 1;
    }
    const there = [...key, was.holder, was.term, was.beat] as const;
    if (next === undefined) return this.#sql.remove.run(...there).changes === 1;
    const { holder, term, beat, note } = next;
    return this.#sql.update.run(holder, term, beat, note, ...there).changes === 1;
  }

  list(kind: LeaseKind, holder: string | undefined, limit: number): Lease[] {
    const rows =
      holder === undefined
        ? this.#sql.list.all(kind, limit)
        : this.#sql.listOf.all(kind, holder, limit);
    return (rows as unknown as Row[]).map(leaseOf);
  }

  holders(kind: LeaseKind): string[] {
    return this.#sql.holders.all(kind).map(({ holder }) => String(holder));
  }

  marks(kind: LeaseKind, notOf: string): LeaseMark[] {
    const rows = this.#sql.others.all(kind, notOf) as unknown as Row[];
    return rows.map(({ user_id: userId, ...mark }) => ({ ...mark, userId }));
  }
}

interface Row extends Omit<Lease, "userId"> {
  user_id: string;
}

function leaseOf({ user_id: userId, ...lease }: Row): Lease {
  return { ...lease, userId };
}

const MARK = "kind, user_id, name, holder, term, beat";
const KEY = "kind = ? AND user_id = ? AND name = ?";
const SQL = {
  get: `SELECT ${MARK}, note FROM lease WHERE ${KEY}`,
  insert: `INSERT INTO lease (${MARK}, note) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  update: `UPDATE lease SET holder = ?, term = ?, beat = ?, note = ?
    WHERE ${KEY} AND holder = ? AND term = ? AND beat = ?`,
  remove: `DELETE FROM lease WHERE ${KEY} AND holder = ? AND term = ? AND beat = ?`,
  list: `SELECT ${MARK}, note FROM lease WHERE kind = ? LIMIT ?`,
  listOf: `SELECT ${MARK}, note FROM lease WHERE kind = ? AND holder = ? LIMIT ?`,
  holders: "SELECT DISTINCT holder FROM lease WHERE kind = ?",
  others: `SELECT ${MARK} FROM lease WHERE kind = ? AND holder <> ?`,
};
