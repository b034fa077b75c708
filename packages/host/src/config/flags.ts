import { fileNamesOf, namesOf, type Option, type Options } from "./option.ts";
import { nearest } from "./nearest.ts";
import type { Said } from "./load.ts";

export interface ParsedFlags {
  said: Said;
  /** What is no flag, in order: the command's own arguments. */
  positionals: string[];
  problems: string[];
}

/**
 * Reads `--flag value`, `--flag=value`, `--switch`, `--no-switch`; after `--` all is positional. A
 * list's flag may come again; any other one that does is a problem, since one of the two is lost.
 */
export function parseFlags(options: Options, argv: readonly string[]): ParsedFlags {
  const kinds = flagKinds(options);
  const said: Said = new Map();
  const positionals: string[] = [];
  const problems: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      positionals.push(...rest);
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      positionals.push(word);
      continue;
    }
    const { name, value } = splitFlag(word, kinds);
    const kind = kinds.get(name);
    const text = value ?? (kind === "switch" ? "true" : kind && takeValue(rest, kinds));
    if (kind === undefined) problems.push(unknownFlag(name, kinds));
    else if (text === undefined) problems.push(`${name}: a value must follow`);
    else if (isSeveral(kind)) said.set(name, [...(said.get(name) ?? []), ...textsOf(kind, text)]);
    else if (said.has(name)) problems.push(`${name}: given twice`);
    else said.set(name, [text]);
  }
  return { said, positionals, problems };
}

/** Whether it may be said more than once. */
export function isSeveral(kind: Kind): boolean {
  return kind === "list" || kind === "repeated" || kind === "tables";
}

/** What one flag, or one variable, says: of a list, `a, b,` is a and b. */
export function textsOf(kind: Kind, text: string): string[] {
  if (kind !== "list") return [text];
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

type Kind = Option<unknown>["kind"];
type Kinds = Map<string, Exclude<Kind, "secret">>;

function flagKinds(options: Options): Kinds {
  const kinds: Kinds = new Map();
  for (const [key, { kind, ...declared }] of Object.entries(options)) {
    const names = namesOf(key, declared);
    if (names.flag === undefined) continue;
    kinds.set(names.flag, kind === "secret" ? "value" : kind);
    if (kind === "secret") kinds.set(fileNamesOf(names).flag ?? "", "value");
  }
  return kinds;
}

function splitFlag(word: string, kinds: Kinds): { name: string; value: string | undefined } {
  const equals = word.indexOf("=");
  if (equals !== -1) return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  const positive = word.replace(/^--no-/, "--");
  if (positive !== word && !kinds.has(word) && kinds.get(positive) === "switch") {
    return { name: positive, value: "false" };
  }
  return { name: word, value: undefined };
}

/** The next word, unless it is a flag: `--host --port 1` lost its value. */
function takeValue(rest: string[], kinds: Kinds): string | undefined {
  const [next] = rest;
  if (next === undefined || kinds.has(next.split("=")[0] ?? "")) return undefined;
  return rest.shift();
}

function unknownFlag(name: string, kinds: Kinds): string {
  return `${name}: unknown flag${nearest(name, kinds.keys())}`;
}
