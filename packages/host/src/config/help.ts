import { fileNamesOf, namesOf, type Option, type OptionNames, type Options } from "./option.ts";

/** One row for the help text, the documentation's table and its test. */
export interface OptionRow {
  key: string;
  names: OptionNames;
  /** `<port>`; empty for a switch. */
  value: string;
  default: string | undefined;
  help: string;
}

/** Every name by which options are said; a secret has two rows, itself and its file. */
export function optionRows(options: Options): OptionRow[] {
  return Object.entries(options).flatMap(([key, option]) => rowsOf(key, option));
}

function rowsOf(key: string, option: Option<unknown>): OptionRow[] {
  const names = namesOf(key, option);
  const { value, help } = option;
  if (option.kind !== "secret") return [{ key, names, value, default: option.default, help }];
  const own = { key, names: { ...names, toml: undefined }, value, default: undefined, help };
  const file = { ...own, names: fileNamesOf(names), value: "<file>" };
  return [{ ...file, help: `${help} (read from a file, again at each use)` }, own];
}

/** Widest column of flags; a longer one gets a line of its own. */
const FLAGS_WIDTH = 30;

/** The options part of a command's help. */
export function helpText(options: Options): string {
  return optionRows(options)
    .filter(({ names }) => names.flag !== undefined)
    .map((row) => {
      const flag = `  ${row.names.flag} ${row.value}`.trimEnd();
      const gap =
        flag.length < FLAGS_WIDTH
          ? " ".repeat(FLAGS_WIDTH - flag.length)
          : `\n${" ".repeat(FLAGS_WIDTH)}`;
      const off = row.value === "" && row.default === "true" && row.names.flag;
      const notes = [
        row.default && `default ${row.default}`,
        off && `off with ${off.replace("--", "--no-")}`,
        row.names.env,
      ].filter(Boolean);
      return `${flag}${gap}${row.help}${notes.length > 0 ? ` [${notes.join(", ")}]` : ""}`;
    })
    .join("\n");
}

/** A Markdown table for docs/operations.md. */
export function optionTable(options: Options): string {
  const lines = optionRows(options).map(({ names, value, default: text, help }) => {
    const flag = names.flag && `${names.flag} ${value}`.trimEnd();
    return `| ${[cell(flag), cell(names.env), cell(names.toml), cell(text), help].join(" | ")} |`;
  });
  return [
    "| flag | variable | TOML key | default | |",
    "| --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

function cell(name: string | undefined): string {
  return name ? `\`${name}\`` : "";
}
