import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { StaticFile } from "./static-file.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

/**
 * Every file of a folder whose kind is known, by its path with slashes. They are read once: what is asked
 * for is a name in this list and never a path, and a build meanwhile changes nothing under a running service.
 * Rejects where the folder cannot be read.
 */
export async function readStaticFolder(folder: string): Promise<ReadonlyMap<string, StaticFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((file) => {
      const type = TYPES[extname(file)];
      return type === undefined ? [] : [{ file, type }];
    });
  const read = files.map(async ({ file, type }) => {
    const name = relative(folder, file).split(sep).join("/");
    return [name, new StaticFile(new Uint8Array(await readFile(file)), type)] as const;
  });
  return new Map(await Promise.all(read));
}
