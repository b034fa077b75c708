/** The image's build stage, without a builder of images: with nothing but what the Dockerfile copies. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, matchesGlob, relative } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../_rooms.ts";

export interface Instruction {
  readonly stage: number;
  readonly word: string;
  readonly rest: string;
}

export const instructions = parsed(readFileSync(join(ROOT, "Dockerfile"), "utf8"));
/** What the build stage copies out of the repository. */
export const copied = instructions
  .filter(({ word, rest }) => word === "COPY" && !rest.startsWith("--from="))
  .flatMap(({ rest }) => rest.split(" ").slice(0, -1));

function parsed(text: string): Instruction[] {
  const lines = text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n");
  let stage = 0;
  return lines.filter(Boolean).map((line) => {
    const [, word = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (word === "FROM") stage += 1;
    return { stage, word, rest: rest.replaceAll(/\s+/g, " ") };
  });
}

/** Whether a builder would send it: later lines of .dockerignore count more. */
export function isSent(path: string): boolean {
  const lines = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
  const parts = path.split("/").map((_, i, all) => all.slice(0, i + 1).join("/"));
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .reduce((sent, line) => {
      const pattern = line.replace(/^!/, "");
      // To a builder a star stands for a first dot as well.
      return parts.some((part) => pattern === "*" || matchesGlob(part, pattern))
        ? line.startsWith("!")
        : sent;
    }, true);
}

/** Builds the bundle as the Dockerfile says, in a folder's `app`, and returns the bill of what is in it. */
export async function builtAsImage(folder: string): Promise<string> {
  const [source, app] = [join(folder, "src"), join(folder, "app")];
  for (const path of copied) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    const filter = (from: string) => isSent(relative(ROOT, from));
    cpSync(join(ROOT, path), join(source, path), { recursive: true, filter });
  }
  installed(source);
  const npm = (...words: string[]) =>
    promisify(execFile)("npm", ["run", ...words], { cwd: source, maxBuffer: 64 * 1_048_576 });
  // As `npm ci` does, and the instructions after it.
  await npm("prepare");
  await npm("bundle", "--", app);
  return (await npm("--silent", "sbom", "--", "cyclonedx", app)).stdout;
}

/** The packages of this repository, with those of the workspace where the copy has them. */
function installed(source: string): void {
  mkdirSync(join(source, "node_modules/@warren"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules")))
    if (name !== "@warren" && name !== ".cache")
      symlinkSync(join(ROOT, "node_modules", name), join(source, "node_modules", name));
  for (const name of readdirSync(join(source, "packages")))
    symlinkSync(join(source, "packages", name), join(source, "node_modules/@warren", name));
}
