import { globSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Plugin } from "esbuild";

/** What sources find by their own address, and a bundle needs beside itself. */
export interface Beside {
  /** Programs of our own, by the name that they get: threads, and what replaces a process. */
  readonly programs: Map<string, string>;
  /** Folders of files that are read, by their name. */
  readonly folders: Map<string, string>;
}

const ADDRESS = /new URL\(([^()]+), import\.meta\.url\)/g;
const PROGRAM = /^"([./\w-]+)\.ts"$/;
const FOLDER = /^`([\w-]+)\/\$\{\w+\}`$/;

/** Programs that sources of our own name, below a folder: bundling begins with all of them. */
export function programsIn(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const files = globSync("*/{src,bin}/**/*.{ts,js}", { cwd: folder });
  for (const file of files.filter((name) => !/\.test\.ts$|[\\/]testing[\\/]/.test(name)))
    for (const [, address = ""] of readFileSync(join(folder, file), "utf8").matchAll(ADDRESS))
      if (PROGRAM.test(address))
        addressOf(address, dirname(join(folder, file)), { programs: found, folders: new Map() });
  return found;
}

/**
 * Lets sources of the workspace find what is beside them when they are one file: programs as `.mjs`, folders by
 * their names. What it finds is written down in `found`; an address that it cannot read is an error, as it would lead
 * nowhere.
 */
export function beside(found: Beside): Plugin {
  return {
    name: "beside",
    setup(build) {
      build.onLoad(
        { filter: /[\\/]packages[\\/][\w-]+[\\/](src|bin)[\\/].*\.(ts|js)$/ },
        async ({ path }) => {
          const text = await readFile(path, "utf8");
          const contents = text.replaceAll(ADDRESS, (all, address: string) => {
            const moved = addressOf(address, dirname(path), found);
            if (moved === undefined)
              throw new Error(`${path}: what a bundle has for ${all} is not known`);
            return `new URL(${moved}, import.meta.url)`;
          });
          return { contents, loader: path.endsWith(".ts") ? "ts" : "js" };
        },
      );
    },
  };
}

function addressOf(
  address: string,
  from: string,
  { programs, folders }: Beside,
): string | undefined {
  const program = PROGRAM.exec(address)?.[1];
  if (program !== undefined) {
    add(programs, basename(program), join(from, `${program}.ts`));
    return JSON.stringify(`./${basename(program)}.mjs`);
  }
  const folder = FOLDER.exec(address)?.[1];
  if (folder === undefined) return undefined;
  add(folders, folder, join(from, folder));
  return address;
}

function add(to: Map<string, string>, name: string, path: string): void {
  const other = to.get(name) ?? path;
  if (other !== path) throw new Error(`two would be called ${name}: ${other} and ${path}`);
  to.set(name, path);
}
