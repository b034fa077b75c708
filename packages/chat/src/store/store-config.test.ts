import { expect, test } from "vitest";
import { readStoreConfig } from "./store-config.ts";

test.each([
  { name: "no address: the data folder", uri: "", database: undefined },
  { name: "a path", uri: "mongodb://db:27017/talks", database: "talks" },
  { name: "no path: the seed's database", uri: "mongodb://db:27017", database: "chat" },
  { name: "an empty path", uri: "mongodb://db/?replicaSet=rs0", database: "chat" },
  {
    name: "a replica set with options",
    uri: "mongodb://a:27017,b:27017/talks?replicaSet=rs0&authSource=admin",
    database: "talks",
  },
  {
    name: "a name in DNS",
    uri: "mongodb+srv://u:p%2F@db.example.com/t%C3%A4lks",
    database: "tälks",
  },
])("the store is said by $name", ({ uri, database }) => {
  const mongo = { kind: "mongodb", uri, database, legacy: "mixed" };
  expect(readStoreConfig({ mongoUri: uri, kind: undefined, legacy: "mixed" })).toEqual(
    database === undefined ? { kind: "sqlite" } : mongo,
  );
});

test.each([
  { name: "another scheme", uri: "postgres://u:hunter2@db/chat" },
  { name: "no host", uri: "mongodb:///chat" },
  { name: "a name that MongoDB refuses", uri: "mongodb://u:hunter2@db/a.b" },
  { name: "a name with no room for the keys' database", uri: `mongodb://db/${"x".repeat(59)}` },
  { name: "an escape that is none", uri: "mongodb://u:hunter2@db/%E0%A4" },
])("$name is refused, and not repeated", ({ uri }) => {
  const read = readStoreConfig({ mongoUri: uri, kind: undefined, legacy: "mixed" });
  expect(read).toEqual({ problem: expect.stringContaining("MONGO_URI: expected") });
  expect(JSON.stringify(read)).not.toContain("hunter2");
});

const URI = "mongodb://u:hunter2@db/talks";

test.each([
  { name: "MongoDB, and there is no address", kind: "mongodb", mongoUri: "", want: /must be set/ },
  { name: "SQLite, and there is an address", kind: "sqlite", mongoUri: URI, want: /must not be/ },
] as const)("$name: no other store takes its place", ({ kind, mongoUri, want }) => {
  const read = readStoreConfig({ mongoUri, kind, legacy: "mixed" });
  expect(read).toEqual({ problem: expect.stringMatching(want) });
  expect(JSON.stringify(read)).toMatch(/MONGO_URI.*WARREN_CHAT_STORE/);
  expect(JSON.stringify(read)).not.toContain("hunter2");
});

test.each([
  { kind: "sqlite", mongoUri: "" },
  { kind: "mongodb", mongoUri: URI },
] as const)("$kind is taken where it is said and so is its place", ({ kind, mongoUri }) => {
  expect(readStoreConfig({ mongoUri, kind, legacy: "mixed" })).toMatchObject({ kind });
});
