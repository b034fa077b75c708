import { randomBytes } from "node:crypto";

export interface MongoDatabase extends AsyncDisposable {
  readonly name: string;
  /** Leads a chat to it. */
  readonly uri: string;
}

/** A database of the test's own, on the server that `uri` names; gone after it, with its keys. */
export function mongoDatabase(uri: string): MongoDatabase {
  const name = `warren_test_${randomBytes(6).toString("hex")}`;
  const own = new URL(uri);
  own.pathname = `/${name}`;
  return {
    name,
    uri: own.href,
    async [Symbol.asyncDispose]() {
      // Not at once: it takes a quarter of a second to load.
      const { MongoClient } = await import("mongodb");
      await using client = new MongoClient(uri);
      await client.db(name).dropDatabase();
      await client.db(`${name}_keys`).dropDatabase();
    },
  };
}
