import type { LegacyContent } from "../keys/legacy.ts";
import { databaseOf } from "./mongo/database-of.ts";

/** Where everything is kept. */
export type StoreConfig =
  /** In databases of the data folder, which is one process's alone. */
  | { readonly kind: "sqlite" }
  /** `uri` has credentials: a secret. */
  | {
      readonly kind: "mongodb";
      readonly uri: string;
      readonly database: string;
      /** How the service before stored contents there. */
      readonly legacy: LegacyContent;
    };

/** `mongoUri`: "" where there is no MongoDB. A problem does not repeat what was said. */
export function readStoreConfig(
  mongoUri: string,
  legacy: LegacyContent,
): StoreConfig | { problem: string } {
  if (mongoUri === "") return { kind: "sqlite" };
  const database = databaseOf(mongoUri);
  if (database !== undefined) return { kind: "mongodb", uri: mongoUri, database, legacy };
  return { problem: "MONGO_URI: expected an address like mongodb://HOST:27017/DATABASE" };
}
