import type { ClientStorage } from "./storage.ts";

/** As much of IndexedDB as is used here: the library's types need no browser. */
export interface IndexedDatabases {
  open(name: string, version: number): OpenRequest;
}
interface Request<T> {
  readonly result: T;
  readonly error: unknown;
  addEventListener(type: "success" | "error", listener: () => void): void;
}
interface OpenRequest extends Request<Database> {
  addEventListener(type: "success" | "error" | "upgradeneeded", listener: () => void): void;
}
interface Database {
  createObjectStore(name: string): unknown;
  transaction(name: string, mode: "readonly" | "readwrite"): Transaction;
  close(): void;
  addEventListener(type: "versionchange" | "close", listener: () => void): void;
}
interface Transaction {
  objectStore(name: string): ObjectStore;
  readonly error: unknown;
  addEventListener(type: "complete" | "abort", listener: () => void): void;
}
interface ObjectStore {
  get(key: string): Request<unknown>;
  put(value: unknown, key: string): Request<unknown>;
  delete(key: string): Request<unknown>;
  clear(): Request<unknown>;
  getAll(): Request<unknown[]>;
  getAllKeys(): Request<unknown[]>;
}

const TABLE = "kept";

/** A database of the browser, shared by its tabs and opened when it is first used. */
export function indexedStorage(databases: IndexedDatabases, name: string): ClientStorage {
  let opened: Promise<Database> | undefined;
  const forget = () => (opened = undefined);
  const open = () => {
    // A database that could not be opened, or was closed from outside, is opened anew the next time.
    opened ??= openDatabase(databases, name, forget).catch((reason: unknown) => {
      forget();
      throw reason;
    });
    return opened;
  };
  const write = async (change: (table: ObjectStore) => unknown) => {
    const transaction = (await open()).transaction(TABLE, "readwrite");
    change(transaction.objectStore(TABLE));
    await completed(transaction);
  };
  const table = async () => (await open()).transaction(TABLE, "readonly").objectStore(TABLE);
  return {
    get: async (key) => resultOf((await table()).get(key)),
    set(key, value) {
      // As it is now: the database may have to be opened first.
      const copy: unknown = structuredClone(value);
      return write((kept) => kept.put(copy, key));
    },
    delete: (key) => write((kept) => kept.delete(key)),
    async list(prefix) {
      const kept = await table();
      // Both in the order of the keys, and of one transaction.
      const [keys, values] = await Promise.all([
        resultOf(kept.getAllKeys()),
        resultOf(kept.getAll()),
      ]);
      return keys
        .map((key, at): [string, unknown] => [String(key), values[at]])
        .filter(([key]) => key.startsWith(prefix));
    },
    clear: () => write((kept) => kept.clear()),
  };
}

async function openDatabase(
  databases: IndexedDatabases,
  name: string,
  lost: () => void,
): Promise<Database> {
  const request = databases.open(name, 1);
  request.addEventListener("upgradeneeded", () => void request.result.createObjectStore(TABLE));
  const database = await resultOf(request);
  // Another page deletes or upgrades it: who holds it open would keep that page waiting.
  database.addEventListener("versionchange", () => {
    database.close();
    lost();
  });
  database.addEventListener("close", lost);
  return database;
}

function resultOf<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(reasonOf(request.error)));
  });
}

function completed(transaction: Transaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(reasonOf(transaction.error)));
  });
}

function reasonOf(error: unknown): Error {
  return error instanceof Error ? error : new Error("the browser's storage failed");
}
