/** The rooms of the workspace and what their sources import, for the tests of the house. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Source {
  /** From the root, with slashes. */
  path: string;
  room: string;
  /** `product` is what ships; `testing` is the room's helpers for tests; `test` is tests. */
  part: "product" | "testing" | "test";
  text: string;
  /** The text without comments and without what is between quotes. */
  code: string;
  /** Specifiers of every import and export. */
  imports: string[];
}

export function rooms(): string[] {
  return readdirSync(join(ROOT, "packages")).filter((name) =>
    statSync(join(ROOT, "packages", name)).isDirectory(),
  );
}

export interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

export function manifest(room: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, "packages", room, "package.json"), "utf8")) as object;
}

/** Beside `src` these have code that ships. */
const BROWSER_FOLDERS = ["widget"];

export function sources(): Source[] {
  return rooms().flatMap((room) =>
    ["bin", "src", "test", ...BROWSER_FOLDERS]
      .flatMap((folder) => walk(join(ROOT, "packages", room, folder)))
      .map((file) => sourceOf(room, file)),
  );
}

function walk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(tsx?|js|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function sourceOf(room: string, file: string): Source {
  const text = readFileSync(file, "utf8");
  const path = relative(ROOT, file).replaceAll("\\", "/");
  const inTest = /\.test\.tsx?$/.test(path) || path.startsWith(`packages/${room}/test/`);
  const part = inTest ? "test" : path.includes("/src/testing/") ? "testing" : "product";
  return { path, room, part, text, code: bare(text), imports: importsOf(text) };
}

/** The formatter puts every statement at the start of its line. */
function importsOf(text: string): string[] {
  const found = [
    ...text.matchAll(/^(?:import|export)\s[^;"]*?from\s+"([^"]+)"/gm),
    ...text.matchAll(/^import\s+"([^"]+)"/gm),
    ...text.matchAll(/\b(?:import|require)\("([^"]+)"\)/g),
  ];
  return found.map((match) => match[1] ?? "");
}

const COMMENT_OR_QUOTED = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;

function bare(text: string): string {
  return text.replace(COMMENT_OR_QUOTED, (part) => (part.startsWith("/") ? "" : '""'));
}

/** `ws`, `@scope/name`: the package of a specifier; undefined for files and Node's own modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  if (builtinModules.includes(specifier)) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
