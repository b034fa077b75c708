/** Manifests as files have them: YAML as kubectl reads it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "./validate.ts";

/**
 * The objects of a YAML text, those of Lists one by one. YAML 1.1, where an unquoted `yes` is no text; throws at a key
 * that is there twice.
 */
export function readManifests(text: string, from: string): Manifest[] {
  return parseAllDocuments(text, { version: "1.1", merge: false, uniqueKeys: true }).flatMap(
    (one) => {
      const [problem] = [...one.errors, ...one.warnings];
      if (problem !== undefined) throw new Error(`${from}: ${problem.message}`);
      const object = one.toJS() as (Manifest & { items?: Manifest[] }) | null;
      if (object === null) return [];
      return object.kind === "List" ? (object.items ?? []) : [object];
    },
  );
}

/** Those of every `.yaml` file of a folder, without those of folders in it. */
export function manifestsIn(folder: string): Manifest[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => readManifests(readFileSync(join(folder, name), "utf8"), join(folder, name)));
}
