import { MongoServerError, type Collection, type Db } from "mongodb";
import { COLLECTIONS } from "./indexes.ts";
import { upsert } from "./inserts.ts";
import type { MarkDocument } from "./mongo-behind.ts";

/**
 * What each version of the database does to the one before, in order; never changed once released. Two
 * instances may run one at once, and one that died may have done a part of it.
 */
const MIGRATIONS: readonly ((db: Db) => Promise<void>)[] = [setLegacyAside];
const SCHEMA = "schema";

/** Brings the database to this program's version. Throws where it was written by a newer program. */
export async function migrate(db: Db, marks: Collection<MarkDocument>): Promise<void> {
  const version = (await marks.findOne({ _id: SCHEMA }))?.position ?? 0;
  if (version > MIGRATIONS.length) {
    throw new Error(
      `the chat's database has version ${version}, this program knows ${MIGRATIONS.length}: ` +
        "run the newer program, or restore a backup",
    );
  }
  for (const [at, migration] of MIGRATIONS.entries()) {
    if (at < version) continue;
    await migration(db);
    await upsert(marks, { _id: SCHEMA }, { $max: { position: at + 1 } });
  }
}

/**
 * The service before kept its sessions, each in one document, in a collection of the same name: they go
 * aside, with their indexes, which have names of ours.
 */
async function setLegacyAside(db: Db): Promise<void> {
  if (!(await isLegacyThere(db))) return;
  try {
    await db.collection(COLLECTIONS.sessions).rename(COLLECTIONS.legacy);
  } catch (error) {
    if (!isMoved(error)) throw error;
    if (!(await isLegacyThere(db))) return;
    throw new Error(
      `collections ${COLLECTIONS.sessions} and ${COLLECTIONS.legacy} both have sessions of the ` +
        "service before: stop that service, and put them into one",
      { cause: error },
    );
  }
}

async function isLegacyThere(db: Db): Promise<boolean> {
  const filter = { uid: { $exists: true }, user_id: { $exists: false } };
  return (await db.collection(COLLECTIONS.sessions).findOne(filter)) !== null;
}

/** NamespaceNotFound, NamespaceExists: another instance was faster. */
function isMoved(error: unknown): boolean {
  return error instanceof MongoServerError && (error.code === 26 || error.code === 48);
}
