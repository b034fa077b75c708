import type { Metafile } from "esbuild";
import { readFileSync } from "node:fs";

const PACKAGE = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** Packages that were taken in, by the folder that they are in, from the root. */
export function packagesIn({ inputs }: Pick<Metafile, "inputs">): Map<string, string> {
  const found = Object.keys(inputs).flatMap((path) => {
    const [, folder, name] = PACKAGE.exec(path) ?? [];
    return folder === undefined || name === undefined ? [] : [[folder, name] as const];
  });
  return new Map(found);
}

/** Packages that browsers get with the pages and the widget, as `packagesIn` says them. */
export function inPages(): Map<string, string> {
  const rooms = ["client", "console"].map((room) => {
    const text = readFileSync(
      new URL(`../../packages/${room}/package.json`, import.meta.url),
      "utf8",
    );
    return JSON.parse(text) as { dependencies?: Record<string, string> };
  });
  const names = rooms.flatMap(({ dependencies = {} }) => Object.keys(dependencies));
  const others = names.filter((name) => !name.startsWith("@warren/"));
  return new Map(others.map((name) => [`node_modules/${name}`, name]));
}

/**
 * One line for each package of a bundle, for review: those that every start loads, those that are loaded `when
 * used`, and those that are `in pages`.
 */
export function dependencyLines({ inputs, outputs }: Metafile): string[] {
  const all = new Set(packagesIn({ inputs }).values());
  const always = namesIn({ inputs, outputs }, loadedAtOnce(outputs));
  const lines = [...all].map((name) => (always.has(name) ? name : `${name} (when used)`));
  return [...lines, ...[...inPages().values()].map((name) => `${name} (in pages)`)].sort();
}

/** Files that are loaded with a program, whatever it does. */
function loadedAtOnce(outputs: Metafile["outputs"]): Set<string> {
  const waiting = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint?.endsWith(".ts"));
  const entries = new Set(waiting.filter((path) => !isLazy(outputs, path)));
  const loaded = new Set<string>();
  for (const path of entries) {
    if (loaded.has(path)) continue;
    loaded.add(path);
    for (const { kind, path: other } of outputs[path]?.imports ?? [])
      if (kind === "import-statement" && outputs[other]) entries.add(other);
  }
  return loaded;
}

/** True for what is imported by a call: esbuild makes entries of those too. */
function isLazy(outputs: Metafile["outputs"], path: string): boolean {
  return Object.values(outputs).some(({ imports }) =>
    imports.some((one) => one.path === path && one.kind === "dynamic-import"),
  );
}

function namesIn({ inputs, outputs }: Metafile, paths: ReadonlySet<string>): Set<string> {
  const used = [...paths].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
  const among = Object.fromEntries(used.map((path) => [path, inputs[path]!]));
  return new Set(packagesIn({ inputs: among }).values());
}
