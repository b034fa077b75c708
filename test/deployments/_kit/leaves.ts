/** The chart's values one by one: each as something else, and what is rendered of many sets of values at once. */
import { readFileSync, writeFileSync } from "node:fs";
import { cp, mkdir, mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { parse, stringify } from "yaml";
import { CHART, renderFolder } from "./helm.ts";

export type Values = { readonly [key: string]: unknown };

export const DEFAULTS = parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as Values;
const isTaken = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as object,
);

const isMap = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Paths of values.yaml; a list, and a map that is empty, are one value. */
export const LEAVES = leavesOf(DEFAULTS, []);

function leavesOf(values: Values, path: readonly string[]): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const here = [...path, key];
    const isLeaf = !isMap(value) || Object.keys(value).length === 0;
    return isLeaf ? [here.join(".")] : leavesOf(value, here);
  });
}

/** Texts of every kind that the schema knows; which of them a value takes, it says. */
const WORDS = [
  ..."zz zz.example https://zz.example wss://zz.example redis://zz:6399 mongodb://zz:27099/zz".split(
    " ",
  ),
  ..."ada@zz.example 17s 17Gi 10.9.0.0/16 /zz zzzzzzzz.zzzzzzzz.zzzzzzzz".split(" "),
  ..."debug pretty Always NodePort Cluster ReadWriteMany class tunnel sqlite mongodb s3 folder".split(
    " ",
  ),
  "PreferDualStack",
  `sha256:${"a".repeat(64)}`,
  "-----BEGIN PUBLIC KEY-----\nzz",
];
const ITEMS = [...WORDS, 7_001, { name: "ZZ", mountPath: "/zz" }, { name: "ZZ" }, { zz: "zz" }];

function othersOf(now: unknown): unknown[] {
  if (typeof now === "boolean") return [!now];
  if (typeof now === "number") return [now + 1];
  if (Array.isArray(now)) return ITEMS.map((one) => [...(now as unknown[]), one]);
  if (isMap(now)) return WORDS.flatMap((one) => [{ zz: one }, { ZZ: one }]);
  return WORDS.filter((one) => one !== now);
}

/** A set of values with one of them changed to the first other one that the schema takes there. */
export function changed(base: Values, leaf: string): Values | undefined {
  const path = leaf.split(".");
  const whole = over(DEFAULTS, base);
  const now = path.reduce<unknown>((at, key) => (at as Values)[key], whole);
  return othersOf(now)
    .map((other) => ({ own: over(base, at(leaf, other)), all: over(whole, at(leaf, other)) }))
    .find(({ all }) => isTaken(all))?.own;
}

const at = (leaf: string, value: unknown) =>
  leaf.split(".").reduceRight<unknown>((inside, key) => ({ [key]: inside }), value) as Values;

/** A set of values without one of them; undefined where the schema misses it. */
export function without(base: Values, leaf: string): Values | undefined {
  const taken = over(base, at(leaf, null));
  return isTaken(filled(over(DEFAULTS, taken))) ? taken : undefined;
}

/** As helm has them: null takes a default away. */
function filled(values: Values): Values {
  const kept = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, one]) => [key, isMap(one) ? filled(one) : one]));
}

export function over(base: Values, more: Values): Values {
  const joined = Object.entries(more).map(([key, value]) => {
    const before = base[key];
    return [key, isMap(before) && isMap(value) ? over(before, value) : value];
  });
  return { ...base, ...(Object.fromEntries(joined) as Values) };
}

/** What each set of values becomes, by one helm: of a chart that has this one once for each of them. */
export async function renderAll(sets: readonly Values[]): Promise<string[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "warren-"));
  const { name, version } = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8")) as Values;
  const aliases = sets.map((_, i) => `leaf${1_000 + i}`);
  const dependencies = aliases.map((alias) => ({ name, version, alias }));
  const about = { apiVersion: "v2", name: "leaves", version: "1.0.0", dependencies };
  await mkdir(join(folder.path, "charts"));
  await cp(CHART, join(folder.path, "charts/warren"), { recursive: true });
  writeFileSync(join(folder.path, "Chart.yaml"), stringify(about));
  const values = Object.fromEntries(aliases.map((alias, i) => [alias, sets[i]]));
  const file = join(folder.path, "said.json");
  writeFileSync(file, JSON.stringify(values));
  const texts = new Map(aliases.map((alias) => [alias, ""]));
  for (const text of (await renderFolder(folder.path, file)).split(/^---$/m)) {
    const [, alias = ""] = /^# Source: leaves\/charts\/(\w+)\//m.exec(text) ?? [];
    texts.set(alias, `${texts.get(alias) ?? ""}${text.replaceAll(alias, "warren")}`);
  }
  return aliases.map((alias) => texts.get(alias)!);
}
