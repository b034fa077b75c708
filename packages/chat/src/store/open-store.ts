import type { ChatDeps } from "../chat-deps.ts";
import type { ChatEvents } from "../events.ts";
import type { Guards } from "../guards.ts";
import { openFolder } from "./open-folder.ts";
import { openMongo } from "./open-mongo.ts";
import type { StoreConfig } from "./store-config.ts";
import type { Store } from "./store.ts";

export interface OpenStoreOptions {
  store: StoreConfig;
  /** Of the databases, where they are files. */
  folder: string;
  /** Name of the cluster in the log; undefined: one that stays the same. */
  cluster: string | undefined;
  guards: Guards;
  events: ChatEvents;
  deps: ChatDeps;
}

/** Rejects with a FolderInUseError, a MongoAddressError, or what SQLite says. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { store } = options;
  return store.kind === "sqlite" ? openFolder(options) : openMongo({ ...options, ...store });
}

/** For the log. */
export function nameOfStore({ store, folder }: Pick<OpenStoreOptions, "store" | "folder">): string {
  return store.kind === "sqlite" ? folder : `MongoDB, database ${store.database}`;
}
