import type { SessionKey } from "../log/entry.ts";
import type { SessionRow } from "../log/session-row.ts";
import type { Versions } from "../log/versions.ts";

/** A row as text, as it is stored and as it passes between the threads. */
export interface StoredRow extends SessionKey {
  readonly versions: string;
  readonly row: string;
}

export function storedRow({ userId, sessionId, versions, ...others }: SessionRow): StoredRow {
  return {
    userId,
    sessionId,
    versions: JSON.stringify(versions),
    row: JSON.stringify(others),
  };
}

/** What JSON leaves out is undefined again. */
const ABSENT = {
  alias: undefined,
  name: undefined,
  nameEntry: undefined,
  modelId: undefined,
  endMs: undefined,
};
const ABSENT_IN_CONTROL = { adminId: undefined, adminName: undefined, why: undefined };
const ABSENT_IN_HELP = { sinceMs: undefined };

export function sessionRow({ userId, sessionId, versions, row }: StoredRow): SessionRow {
  const others = JSON.parse(row) as Omit<SessionRow, "userId" | "sessionId" | "versions">;
  const control = Object.assign({}, ABSENT_IN_CONTROL, others.control);
  const help = Object.assign({}, ABSENT_IN_HELP, others.help);
  return {
    ...Object.assign({}, ABSENT, others),
    userId,
    sessionId,
    versions: versionsIn(versions),
    control,
    help,
  };
}

export function versionsIn(text: string): Versions {
  return JSON.parse(text) as Versions;
}
