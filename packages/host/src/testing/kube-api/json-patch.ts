import { isDeepStrictEqual } from "node:util";
import { isObject } from "./merge-patch.ts";
import { badRequest, Refusal } from "./status.ts";

interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** JSON patch (RFC 6902) of a copy of `target`. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch is a list");
  const root: Record<string, unknown> = { "": structuredClone(target) };
  for (const operation of patch as Operation[]) run(root, operation);
  return root[""];
}

function run(root: Record<string, unknown>, { op, path, from = "", value }: Operation): void {
  if (op === "add") return put(root, path, value);
  if (op === "remove") return void take(root, path);
  if (op === "replace") {
    read(root, path);
    return set(root, path, value);
  }
  if (op === "move") return put(root, path, take(root, from));
  if (op === "copy") return put(root, path, structuredClone(read(root, from)));
  if (op !== "test") throw badRequest(`unknown operation ${op}`);
  if (isDeepStrictEqual(read(root, path), value)) return;
  throw unprocessable(`testing value ${path} failed`);
}

const unprocessable = (message: string) => new Refusal(422, "Invalid", message);

type Holder = Record<string, unknown> | unknown[];

/** What holds the last part of a pointer (RFC 6901), and that part. */
function holderOf(root: Record<string, unknown>, path: string): [Holder, string] {
  const parts = path.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (parts.length === 1) return [root, ""];
  let holder: unknown = root;
  for (const part of parts.slice(0, -1)) holder = (holder as Record<string, unknown>)[part];
  if (!isObject(holder) && !Array.isArray(holder)) {
    throw unprocessable(`the path ${path} does not exist`);
  }
  return [holder, parts.at(-1) ?? ""];
}

function read(root: Record<string, unknown>, path: string): unknown {
  const [holder, name] = holderOf(root, path);
  const found = (holder as Record<string, unknown>)[name];
  if (found === undefined) throw unprocessable(`the path ${path} does not exist`);
  return found;
}

function set(root: Record<string, unknown>, path: string, value: unknown): void {
  const [holder, name] = holderOf(root, path);
  (holder as Record<string, unknown>)[name] = value;
}

function put(root: Record<string, unknown>, path: string, value: unknown): void {
  const [holder, name] = holderOf(root, path);
  if (!Array.isArray(holder)) holder[name] = value;
  else holder.splice(name === "-" ? holder.length : Number(name), 0, value);
}

function take(root: Record<string, unknown>, path: string): unknown {
  const found = read(root, path);
  const [holder, name] = holderOf(root, path);
  if (Array.isArray(holder)) holder.splice(Number(name), 1);
  else delete holder[name];
  return found;
}
