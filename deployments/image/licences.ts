import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** `name@version` of packages, by their folders from the root. */
export async function exactNames(packages: ReadonlyMap<string, string>): Promise<string[]> {
  const all = [...packages.keys()].map(aboutOf);
  return (await Promise.all(all)).map(({ name, version }) => `${name}@${version}`).sort();
}

/** What the licences of packages ask to be passed on with them; packages by their folders from the root. */
export async function licenceTexts(packages: ReadonlyMap<string, string>): Promise<string> {
  const texts = [...packages]
    .sort(([, a], [, b]) => (a < b ? -1 : 1))
    .map(([folder]) => textOf(folder));
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n`);
}

async function textOf(folder: string): Promise<string> {
  const about = await aboutOf(folder);
  const names = await readdir(join(ROOT, folder));
  const file = names.find((name) => /^(licen[cs]e|copying)/i.test(name));
  const text = file === undefined ? "" : await readFile(join(ROOT, folder, file), "utf8");
  return `${about.name} ${about.version} (${about.license ?? "licence not said"})\n\n${text.trim()}\n`;
}

async function aboutOf(folder: string) {
  const text = await readFile(join(ROOT, folder, "package.json"), "utf8");
  return JSON.parse(text) as { name: string; version: string; license?: string };
}
