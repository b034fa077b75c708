/**
 * Options as data: declared once, they give the parser, the help text and the table in the
 * documentation. Names derive from the key: `adminPort` is `--admin-port`, `WARREN_ADMIN_PORT` and
 * `admin_port`; a declaration overrides what is named differently (`REDIS_URL`) or has no such name.
 */
import * as v from "valibot";
import { YesNo } from "./values.ts";
import type { Secret } from "./secret.ts";

export interface OptionNames {
  flag: string | undefined;
  env: string | undefined;
  /** Dotted path of keys in the TOML file. */
  toml: string | undefined;
}

export interface Declared {
  /** One line, for the help text and the documentation. */
  help: string;
  /** Where a name differs from the derived one; `false` where there is none. */
  names?: { [Source in keyof OptionNames]?: string | false };
}

export interface ValueDeclaration<T> extends Declared {
  /** What stands for the value in the help text: `<port>`. */
  value: string;
  /** Reads the value from text; for a list, each one. */
  schema: v.GenericSchema<string, T>;
}

/** `T` is what the program gets. */
export interface Option<T> extends Declared {
  readonly kind: "value" | "list" | "repeated" | "switch" | "secret" | "tables";
  readonly value: string;
  /** Text as an operator would write it; undefined when there is no default. */
  readonly default: string | undefined;
  /** What the program gets when nobody says anything. */
  readonly unset: T;
  /** Reads what a source said: one text, or several for a list. */
  read(said: readonly string[]): { value: T } | { problem: string };
}

export type Options = Readonly<Record<string, Option<unknown>>>;

/** The frozen object that the program gets. */
export type ConfigOf<O extends Options> = Readonly<{
  [K in keyof O as O[K] extends SecretOption ? never : K]: O[K] extends Option<infer T> ? T : never;
}>;
/** Secrets, apart from the rest so that logging a configuration shows none. */
export type SecretsOf<O extends Options> = Readonly<{
  [K in keyof O as O[K] extends SecretOption ? K : never]: Secret | undefined;
}>;
export interface SecretOption extends Option<Secret | undefined> {
  readonly kind: "secret";
}

/** One value. Without a default it may be undefined. */
export function option<T>(declared: ValueDeclaration<T> & { default: string }): Option<T>;
export function option<T>(declared: ValueDeclaration<T>): Option<T | undefined>;
export function option<T>(declared: ValueDeclaration<T> & { default?: string }) {
  const { schema, default: text } = declared;
  const read = (said: readonly string[]) => readOne(schema, said.at(-1) ?? "");
  return {
    ...declared,
    kind: "value",
    default: text,
    unset: text === undefined ? undefined : defaultOf(read([text]), declared.help),
    read,
  } as Option<T | undefined>;
}

/** Several values: the flag repeated, or separated by commas. */
export function listOption<T>(declared: ValueDeclaration<T>): Option<readonly T[]> {
  return severalOption("list", declared);
}

/** Several values that may have commas in them: the flag repeated, or one in the environment. */
export function repeatedOption<T>(declared: ValueDeclaration<T>): Option<readonly T[]> {
  return severalOption("repeated", declared);
}

function severalOption<T>(
  kind: "list" | "repeated",
  declared: ValueDeclaration<T>,
): Option<readonly T[]> {
  const read = (said: readonly string[]) => {
    const values: T[] = [];
    for (const text of said) {
      const one = readOne(declared.schema, text);
      if ("problem" in one) return one;
      values.push(one.value);
    }
    return { value: Object.freeze(values) };
  };
  return { ...declared, kind, default: undefined, unset: Object.freeze([]), read };
}

/** On or off; off unless `default` says `true`. */
export function switchOption(declared: Declared & { default?: "true" }): Option<boolean> {
  const { default: text } = declared;
  const rest = { kind: "switch", value: "", default: text, unset: text === "true" } as const;
  return { ...declared, ...rest, read: (said) => readOne(YesNo, said.at(-1) ?? "") };
}

/** A secret: from a file by `--x-file`, `X_FILE` or `x_file`; or itself by `--x` or `X`. */
export function secretOption(declared: Declared): SecretOption {
  const rest = { kind: "secret", value: "<text>", default: undefined, unset: undefined } as const;
  // Where a secret comes from depends on the name it was said by, which only the loader knows.
  return { ...declared, ...rest, read: () => ({ problem: "expected a secret" }) };
}

/** One table of the file, its keys as they were written. */
export type Table = Readonly<Record<string, unknown>>;

/**
 * Tables of the file, an array of them (`[[llm.providers]]`), and said nowhere else. Whoever declares them
 * reads what is in them: here they are only known to be tables, and problems quote nothing of them.
 */
export function tablesOption(
  declared: Declared & { names: { toml: string } },
): Option<readonly Table[]> {
  const rest = { kind: "tables", value: "", default: undefined, unset: Object.freeze([]) } as const;
  const names = { flag: false, env: false, ...declared.names } as const;
  const read = (said: readonly string[]) => {
    const values = said.map((text) => JSON.parse(text) as unknown);
    const isSound = values.every((value) => typeof value === "object" && value !== null);
    return isSound ? { value: values as Table[] } : { problem: "expected tables" };
  };
  return { ...declared, ...rest, names, read };
}

export function namesOf(key: string, { names = {} }: Declared): OptionNames {
  const words = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    flag: pick(names.flag, `--${words.replaceAll("_", "-")}`),
    env: pick(names.env, `WARREN_${words.toUpperCase()}`),
    toml: pick(names.toml, words),
  };
}

function pick(name: string | false | undefined, derived: string): string | undefined {
  return name === false ? undefined : (name ?? derived);
}

/** The names under which the path of a secret's file is said. */
export function fileNamesOf({ flag, env, toml }: OptionNames): OptionNames {
  return {
    flag: flag && `${flag}-file`,
    env: env && `${env}_FILE`,
    toml: toml && `${toml}_file`,
  };
}

type Read<T> = { value: T } | { problem: string };

function readOne<T>(schema: v.GenericSchema<string, T>, text: string): Read<T> {
  const parsed = v.safeParse(schema, text);
  if (parsed.success) return { value: parsed.output };
  return { problem: `${parsed.issues[0].message}, got ${JSON.stringify(shown(text))}` };
}

/** A URL may hold a password, also one that is mistyped: what is before an `@` is not repeated. */
function shown(text: string): string {
  return text.replace(/^.*@/s, "***@");
}

function defaultOf<T>(read: Read<T>, help: string): T {
  if ("value" in read) return read.value;
  throw new TypeError(`the default of "${help}" does not fit: ${read.problem}`);
}
