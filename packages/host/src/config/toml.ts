import { parse, TomlError } from "smol-toml";
import { nearest } from "./nearest.ts";
import type { Said } from "./load.ts";

/**
 * Reads a TOML file into dotted keys and their texts. `known` are the keys of every command: one
 * file may serve them all. Numbers and booleans become the text that a flag would have; an empty
 * text means unset. Keys that are arrays of tables have each table as JSON.
 */
export function parseToml(
  file: { name: string; text: string },
  { toml: known, tables }: { toml: ReadonlySet<string>; tables: ReadonlySet<string> },
): { said: Said; problems: string[] } {
  const said: Said = new Map();
  const problems: string[] = [];
  const walk = (table: object, prefix: string): void => {
    for (const [key, value] of Object.entries(table)) {
      const name = prefix + key;
      if (isTable(value) && !known.has(name)) walk(value, `${name}.`);
      else if (!known.has(name)) problems.push(unknownKey(file.name, name, known));
      else readInto(name, value);
    }
  };
  const readInto = (name: string, value: unknown): void => {
    if (tables.has(name)) return readTables(name, value);
    const texts = textsOf(value);
    if (texts === undefined) problems.push(`${file.name}: ${name}: expected a value or a list`);
    else if (texts.some((text) => text !== "")) said.set(name, texts);
  };
  const readTables = (name: string, value: unknown): void => {
    const isTables = Array.isArray(value) && value.every(isTable);
    if (isTables) said.set(name, value.map(written));
    else problems.push(`${file.name}: ${name}: expected tables, each under [[${name}]]`);
  };
  const read = readToml(file);
  if ("problem" in read) problems.push(read.problem);
  else walk(read.document, "");
  return { said, problems };
}

/** The document in a TOML file, or where and why it is none. */
export function readToml(file: {
  name: string;
  text: string;
}): { document: Record<string, unknown> } | { problem: string } {
  try {
    return { document: parse(file.text) };
  } catch (error) {
    return { problem: `${file.name}: ${syntax(error)}` };
  }
}

function isTable(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}

function written(table: object): string {
  return JSON.stringify(table, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
}

function textsOf(value: unknown): string[] | undefined {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  const plain = list.every((item) =>
    ["string", "number", "boolean", "bigint"].includes(typeof item),
  );
  return plain ? list.map(String) : undefined;
}

function unknownKey(file: string, name: string, known: ReadonlySet<string>): string {
  return `${file}: ${name}: unknown key${nearest(name, known)}`;
}

/** Where, and what, without the line itself: a secret may stand there. */
function syntax(error: unknown): string {
  if (!(error instanceof TomlError)) return "cannot be read as TOML";
  const [first = ""] = error.message.split("\n");
  return `line ${error.line}, column ${error.column}: ${first}`;
}
