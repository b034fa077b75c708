/** Flags, then environment, then a TOML file, then the default; every problem at once. */
import { checkEnvironment, type Environment } from "./environment.ts";
import { isSeveral, parseFlags, textsOf } from "./flags.ts";
import {
  fileNamesOf,
  namesOf,
  type ConfigOf,
  type Option,
  type OptionNames,
  type Options,
  type SecretsOf,
} from "./option.ts";
import { Secret } from "./secret.ts";
import { parseToml } from "./toml.ts";

/** What a source said, under the name it was said by. */
export type Said = Map<string, string[]>;

export interface Sources {
  /** Words behind the command's name. */
  argv: readonly string[];
  env: Environment;
  /** The TOML file, read by the caller; `name` is how problems call it. */
  file: { name: string; text: string } | undefined;
  /** Options of every command: what is known to another one is no mistake. */
  all: readonly Options[];
}

export type Loaded<O extends Options> = {
  /** For the log, not problems. */
  warnings: string[];
} & (
  | {
      ok: true;
      config: ConfigOf<O>;
      secrets: SecretsOf<O>;
      positionals: readonly string[];
      /** The name under which a key was said, for problems found later; its flag if nobody did. */
      said(key: keyof O & string): string;
    }
  | {
      ok: false;
      problems: string[];
      /** What could be read, and the rest as if nobody had said it: to look for what else is wrong. */
      rest: { config: ConfigOf<O>; secrets: SecretsOf<O> };
    }
);

/** Reads one command's options. Never throws for what an operator wrote. */
export function loadConfig<O extends Options>(options: O, sources: Sources): Loaded<O> {
  const known = knownNames([options, ...sources.all]);
  const flags = parseFlags(options, sources.argv);
  const checked = checkEnvironment(sources.env, known.env);
  const file = sources.file && parseToml(sources.file, known);
  const problems = [...flags.problems, ...checked.problems, ...(file?.problems ?? [])];
  const found = { flags: flags.said, env: checked.env, toml: file?.said ?? new Map(), sources };
  const config: Record<string, unknown> = {};
  const secrets: Record<string, Secret | undefined> = {};
  const names = new Map<string, string>();
  for (const [key, option] of Object.entries(options)) {
    const read =
      option.kind === "secret" ? readSecret(key, option, found) : readValue(key, option, found);
    if ("problem" in read) problems.push(read.problem);
    const value = "problem" in read ? option.unset : read.value;
    if (option.kind === "secret") secrets[key] = value as Secret | undefined;
    else config[key] = value;
    names.set(key, read.name);
  }
  const { warnings } = checked;
  const rest = {
    config: Object.freeze(config) as ConfigOf<O>,
    secrets: Object.freeze(secrets) as SecretsOf<O>,
  };
  if (problems.length > 0) return { ok: false, problems, warnings, rest };
  return {
    ok: true,
    ...rest,
    positionals: flags.positionals,
    said: (key) => names.get(key) ?? key,
    warnings,
  };
}

/** Every name in any of these lists of options. */
export function knownNames(lists: readonly Options[]): {
  env: Set<string>;
  toml: Set<string>;
  /** Those of the file that are arrays of tables. */
  tables: Set<string>;
} {
  const env = new Set<string>();
  const toml = new Set<string>();
  const tables = new Set<string>();
  for (const [key, option] of lists.flatMap((options) => Object.entries(options))) {
    const own = namesOf(key, option);
    const file = option.kind === "secret" ? fileNamesOf(own) : undefined;
    if (own.env !== undefined) env.add(own.env);
    if (file?.env !== undefined) env.add(file.env);
    // A secret itself is not said in the file that everybody reads.
    const inFile = file === undefined ? own.toml : file.toml;
    if (inFile !== undefined) toml.add(inFile);
    if (inFile !== undefined && option.kind === "tables") tables.add(inFile);
  }
  return { env, toml, tables };
}

interface Found {
  flags: Said;
  env: Environment;
  toml: Said;
  sources: Sources;
}
type Read = { name: string } & ({ value: unknown } | { problem: string });
interface Spoken {
  name: string;
  texts: readonly string[];
}

function readValue(key: string, option: Option<unknown>, found: Found): Read {
  const names = namesOf(key, option);
  const spoken = spokenFor(names, option.kind, found);
  if (spoken === undefined) return { name: names.flag ?? names.env ?? key, value: option.unset };
  const { name, texts } = spoken;
  if (!isSeveral(option.kind) && texts.length > 1)
    return { name, problem: `${name}: expected one value` };
  const read = option.read(texts);
  return "problem" in read
    ? { name, problem: `${name}: ${read.problem}` }
    : { name, value: read.value };
}

function readSecret(key: string, option: Option<unknown>, found: Found): Read {
  const names = namesOf(key, option);
  const text = spokenFor({ ...names, toml: undefined }, "secret", found);
  const file = spokenFor(fileNamesOf(names), "secret", found);
  const spoken = file ?? text;
  if (spoken === undefined) return { name: names.env ?? key, value: undefined };
  const { name, texts } = spoken;
  if (file !== undefined && text !== undefined) {
    return { name, problem: `${text.name} and ${file.name}: give one of them` };
  }
  const value = texts[0] ?? "";
  return { name, value: file === undefined ? Secret.text(name, value) : Secret.file(name, value) };
}

/** The first source that says something; what is empty says nothing. */
function spokenFor(
  names: OptionNames,
  kind: Option<unknown>["kind"],
  found: Found,
): Spoken | undefined {
  const { flag, env, toml } = names;
  const byFlag = flag === undefined ? undefined : found.flags.get(flag);
  if (flag !== undefined && byFlag?.some((text) => text !== ""))
    return { name: flag, texts: byFlag };
  const value = env === undefined ? undefined : found.env[env];
  if (env !== undefined && value !== undefined) {
    return { name: env, texts: textsOf(kind, value) };
  }
  const byFile = toml === undefined ? undefined : found.toml.get(toml);
  if (byFile === undefined) return undefined;
  return { name: `${found.sources.file?.name ?? "file"}: ${toml}`, texts: byFile };
}
