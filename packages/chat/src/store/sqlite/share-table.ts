import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SealedValue } from "../../keys/ports.ts";
import type { ShareLink } from "../../shares/ports.ts";
import { prepareAll } from "./statements.ts";

/** Share links: `ShareLinks`, within the caller's transaction. */
export class ShareTable {
  readonly #sql: Record<keyof typeof SQL, StatementSync>;

  constructor(database: DatabaseSync) {
    this.#sql = prepareAll(database, SQL);
  }

  get(id: string): ShareLink | undefined {
    return this.#all("get", id)[0];
  }

  find(digests: readonly string[]): ShareLink | undefined {
    return this.#all("find", JSON.stringify(digests))[0];
  }

  ofSessions(sessionIds: readonly string[]): ShareLink[] {
    return this.#all("ofSessions", JSON.stringify(sessionIds));
  }

  ofUser(userId: string): ShareLink[] {
    return this.#all("ofUser", userId);
  }

  putIfAbsent(link: ShareLink): ShareLink {
    const [known] = this.ofSessions([link.sessionId]);
    if (known !== undefined) return known;
    const { id, userId, sessionId, masterKeyId, digest, sealed, createdAtMs, expiresAtMs } = link;
    const row = [id, userId, sessionId, masterKeyId, digest, sealed, createdAtMs, expiresAtMs];
    this.#sql.put.run(...row);
    return link;
  }

  setEnd(id: string, expiresAtMs: number): boolean {
    return this.#sql.setEnd.run(expiresAtMs, id).changes > 0;
  }

  remove(id: string): boolean {
    return this.#sql.remove.run(id).changes > 0;
  }

  removeExpired(wallMs: number, limit: number): number {
    return Number(this.#sql.removeExpired.run(wallMs, limit).changes);
  }

  sealedByOthers(masterKeyId: string, after: string | undefined, limit: number) {
    const values = this.#all("others", masterKeyId, after ?? "", limit).map(valueOf);
    return { values, next: values.length < limit ? undefined : values.at(-1)?.id };
  }

  replace(old: SealedValue, fresh: SealedValue): boolean {
    const { masterKeyId, digest, sealed } = fresh;
    const is = [old.id, old.masterKeyId, old.digest, old.sealed];
    return this.#sql.replace.run(masterKeyId, digest, sealed, ...is).changes > 0;
  }

  #all(name: keyof typeof SQL, ...args: (string | number)[]): ShareLink[] {
    return (this.#sql[name].all(...args) as unknown as Row[]).map(linkOf);
  }
}

interface Row {
  id: string;
  user_id: string;
  session_id: string;
  master_key_id: string;
  digest: string;
  sealed: string;
  created_at_ms: number;
  expires_at_ms: number;
}

const SQL = {
  get: "SELECT * FROM share_link WHERE id = ?",
  find: "SELECT * FROM share_link WHERE digest IN (SELECT value FROM json_each(?)) LIMIT 1",
  ofSessions: "SELECT * FROM share_link WHERE session_id IN (SELECT value FROM json_each(?))",
  ofUser: "SELECT * FROM share_link WHERE user_id = ? ORDER BY created_at_ms DESC, id",
  put: `INSERT INTO share_link (id, user_id, session_id, master_key_id, digest, sealed,
    created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  setEnd: "UPDATE share_link SET expires_at_ms = ? WHERE id = ?",
  remove: "DELETE FROM share_link WHERE id = ?",
  removeExpired: `DELETE FROM share_link WHERE id IN
    (SELECT id FROM share_link WHERE expires_at_ms < ? LIMIT ?)`,
  others: "SELECT * FROM share_link WHERE master_key_id <> ? AND id > ? ORDER BY id LIMIT ?",
  replace: `UPDATE share_link SET master_key_id = ?, digest = ?, sealed = ?
    WHERE id = ? AND master_key_id = ? AND digest = ? AND sealed = ?`,
};

function linkOf(row: Row): ShareLink {
  return {
    id: row.id,
    userId: row.user_id,
    sessionId: row.session_id,
    masterKeyId: row.master_key_id,
    digest: row.digest,
    sealed: row.sealed,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

function valueOf({ id, masterKeyId, digest, sealed }: ShareLink): SealedValue {
  return { id, masterKeyId, digest, sealed };
}
