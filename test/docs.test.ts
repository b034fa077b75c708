// docs/operations.md against the code, both ways. A table that is missing here is not checked: add it
// to the list of its kind.
import {
  configOption,
  EXITS,
  optionRows,
  SIGNALS,
  type Declaration,
  type Options,
} from "@warren/host";
import { CODES } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { code, tableUnder } from "./_tables.ts";

const OPERATIONS = "docs/operations.md";

/** Heading in the document, and the options that its table lists. */
const OPTION_TABLES: [string, Options][] = [["Options of every command", { config: configOption }]];

/** Heading in the document, and `metrics.declared` of what its table lists. */
const METRIC_TABLES: [string, readonly Declaration[]][] = [];

test("error codes", () => {
  const rows = tableUnder(OPERATIONS, "Error codes");
  expect(rows.map((row) => row.slice(0, 4))).toEqual(
    Object.entries(CODES).map(([name, { http, close, retry }]) => [
      code(name),
      String(http),
      String(close),
      retry ? "yes" : "no",
    ]),
  );
  expect(rows.filter((row) => (row[4] ?? "").length < 10)).toEqual([]);
});

test("exit codes", () => {
  expect(tableUnder(OPERATIONS, "Exit codes")).toEqual(
    Object.entries(EXITS).map(([name, { code, help }]) => [String(code), name, help]),
  );
});

test("signals", () => {
  expect(tableUnder(OPERATIONS, "Signals")).toEqual(
    Object.entries(SIGNALS).map(([name, help]) => [code(name), help]),
  );
});

describe("options", () => {
  test.each(OPTION_TABLES)("%s", (heading, options) => {
    expect(tableUnder(OPERATIONS, heading)).toEqual(
      optionRows(options).map(({ names, value, default: text, help }) => [
        code(names.flag && `${names.flag} ${value}`.trimEnd()),
        code(names.env),
        code(names.toml),
        code(text),
        help,
      ]),
    );
  });
});

test("metrics", () => {
  for (const [heading, declared] of METRIC_TABLES) {
    expect(tableUnder(OPERATIONS, heading), heading).toEqual(
      declared.map(({ name, labels, help }) => [code(name), labels.map(code).join(", "), help]),
    );
  }
});
