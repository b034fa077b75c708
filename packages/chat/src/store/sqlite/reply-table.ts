import type { DatabaseSync, StatementSync } from "node:sqlite";
import { MOST_REPLIES, type CannedReply } from "../../replies/ports.ts";
import { prepareAll } from "./statements.ts";

interface Row {
  id: string;
  title: string;
  text: string;
  updated_ms: number;
  updated_by: string;
}

/** Canned replies, as the worker has them. */
export class ReplyTable {
  readonly #sql: Record<keyof typeof SQL, StatementSync>;

  constructor(database: DatabaseSync) {
    this.#sql = prepareAll(database, SQL);
  }

  list(): CannedReply[] {
    return (this.#sql.list.all() as unknown as Row[]).map((row) => ({
      id: row.id,
      title: row.title,
      text: row.text,
      updatedMs: row.updated_ms,
      updatedBy: row.updated_by,
    }));
  }

  add(reply: CannedReply): boolean {
    if (this.replace(reply)) return true;
    const { count } = this.#sql.count.get() as { count: number };
    if (count >= MOST_REPLIES) return false;
    const { id, title, text, updatedMs, updatedBy } = reply;
    this.#sql.insert.run(id, title, text, updatedMs, updatedBy);
    return true;
  }

  replace({ id, title, text, updatedMs, updatedBy }: CannedReply): boolean {
    return this.#sql.update.run(title, text, updatedMs, updatedBy, id).changes === 1;
  }

  remove(id: string): boolean {
    return this.#sql.remove.run(id).changes === 1;
  }
}

const SQL = {
  list: "SELECT * FROM canned_reply ORDER BY title, id",
  count: "SELECT count(*) AS count FROM canned_reply",
  insert:
    "INSERT INTO canned_reply (id, title, text, updated_ms, updated_by) VALUES (?, ?, ?, ?, ?)",
  update:
    "UPDATE canned_reply SET title = ?, text = ?, updated_ms = ?, updated_by = ? WHERE id = ?",
  remove: "DELETE FROM canned_reply WHERE id = ?",
};
