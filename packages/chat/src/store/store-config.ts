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

export const STORE_KINDS = ["sqlite", "mongodb"] as const;

export interface SaidStore {
  /** "" where there is no MongoDB. */
  readonly mongoUri: string;
  /** The only one that is meant; undefined: whichever the address, or its absence, says. */
  readonly kind: StoreConfig["kind"] | undefined;
  readonly legacy: LegacyContent;
}

/**
 * A problem does not repeat what was said. Whoever says the kind never gets the other one for an address that is
 * missing, or that came along in a Secret: what was said would be in another place than everybody thinks.
 */
export function readStoreConfig({
  mongoUri,
  kind,
  legacy,
}: SaidStore): StoreConfig | { problem: string } {
  const said = "WARREN_CHAT_STORE";
  if (mongoUri === "") {
    if (kind !== "mongodb") return { kind: "sqlite" };
    return { problem: `MONGO_URI: must be set, as ${said} is mongodb` };
  }
  if (kind === "sqlite") return { problem: `MONGO_URI: must not be set, as ${said} is sqlite` };
  const database = databaseOf(mongoUri);
  if (database !== undefined) return { kind: "mongodb", uri: mongoUri, database, legacy };
  return { problem: "MONGO_URI: expected an address like mongodb://HOST:27017/DATABASE" };
}
