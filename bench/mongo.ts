import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { FerretDb, mongoDatabase } from "@warren/chat/testing";
import { installed } from "./installed.ts";

export function isMongoThere(): boolean {
  return Boolean(process.env["MONGO_URI"]) || ferretdbProgram() !== undefined;
}

/** Where `.ci/run` builds it, unless it is among the programs. Undefined: it is not there. */
function ferretdbProgram(): string | undefined {
  return installed("ferretdb") ?? built();
}

export interface Mongo extends AsyncDisposable {
  /** Of a database of its own. */
  readonly uri: string;
  /** What it is, for who reads what came out. */
  readonly name: string;
  /** Of the server, where it is one that was started for this. */
  readonly pid: number | undefined;
}

/** Where MONGO_URI says; else FerretDB, which is MongoDB's protocol over SQLite. Rejects without either. */
export async function startMongo(): Promise<Mongo> {
  const given = process.env["MONGO_URI"];
  if (given) {
    const own = mongoDatabase(given);
    return { uri: own.uri, name: "MONGO_URI", pid: undefined, ...disposing(own) };
  }
  const program = ferretdbProgram();
  if (program === undefined) throw new Error("no MONGO_URI, and no ferretdb: .ci/run builds it");
  const server = await FerretDb.start(program);
  const { uri } = mongoDatabase(server.uri);
  return { uri, name: "FerretDB", pid: server.pid, ...disposing(server) };
}

function disposing(owned: AsyncDisposable): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

function built(): string | undefined {
  const cache = process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache");
  const folder = path.join(cache, "warren/ferretdb");
  try {
    const file = readdirSync(folder, { recursive: true, encoding: "utf8" }).find(
      (name) => path.basename(name) === "ferretdb",
    );
    return file && path.join(folder, file);
  } catch {
    return undefined;
  }
}
