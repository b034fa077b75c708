import { appendFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { median, type Sample } from "./measure.ts";
import type { Figure, Target } from "./targets.ts";

/** Every sample taken, to be asked for medians. */
export class Figures {
  readonly #values = new Map<string, { figure: Figure; values: number[] }>();

  add(of: Omit<Figure, "number">, sample: Sample): void {
    for (const [number, value] of Object.entries(sample)) {
      const figure = { ...of, number };
      const key = keyOf(figure);
      const known = this.#values.get(key) ?? { figure, values: [] };
      known.values.push(value);
      this.#values.set(key, known);
    }
  }

  /** Undefined where nothing was measured. */
  median(figure: Figure): number | undefined {
    const known = this.#values.get(keyOf(figure));
    return known && median(known.values);
  }

  all(): { figure: Figure; median: number }[] {
    return [...this.#values.values()].map(({ figure, values }) => ({
      figure,
      median: median(values),
    }));
  }
}

function keyOf({ act, contender, measure, number }: Figure): string {
  return [act, contender, measure, number].join("\n");
}

export interface Verdict {
  target: Target;
  value: number;
  ours: number;
  theirs: number | undefined;
  /** Undefined where nothing was asked for. */
  met: boolean | undefined;
}

/** The rows that could be measured, with what came out. */
export function judge(targets: readonly Target[], figures: Figures): Verdict[] {
  return targets.flatMap((target) => {
    const ours = figures.median(target.ours);
    const theirs = target.against && figures.median(target.against.figure);
    if (ours === undefined || (target.against && theirs === undefined)) return [];
    const value = compare(target, ours, theirs);
    return [{ target, value, ours, theirs, met: met(target.bound, value) }];
  });
}

function compare({ against }: Target, ours: number, theirs: number | undefined): number {
  if (against === undefined || theirs === undefined) return ours;
  return against.by === "ratio" ? ours / theirs : ours - theirs;
}

function met(bound: Target["bound"], value: number): boolean | undefined {
  if (bound === undefined) return undefined;
  return "least" in bound ? value >= bound.least : value <= bound.most;
}

/** Markdown: date and machine, the table of ratios, and the medians behind it. */
export function render(verdicts: readonly Verdict[], figures: Figures, rounds: number): string {
  const rows = verdicts.map(({ target, value, ours, theirs, met }) => [
    target.what,
    target.against?.figure.contender ?? "",
    `${plain(ours)}${theirs === undefined ? "" : ` / ${plain(theirs)}`}`,
    `${plain(value)} ${target.unit}`,
    boundText(target),
    met === undefined ? "" : met ? "yes" : "NO",
  ]);
  return [
    `## ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    "",
    `${machine()}; medians of ${rounds} interleaved rounds.`,
    "",
    table(["what", "against", "warren / other", "result", "to reach", "met"], rows),
    "",
    table(["act", "contender", "medians"], perContender(figures)),
    "",
  ].join("\n");
}

export function machine(): string {
  const all = cpus();
  return `${all[0]?.model.trim()}, ${all.length} cores, Node ${process.version}, Linux ${release()}`;
}

/** Puts a run's text at the end of the results, which are kept for ever. */
export function appendResults(file: string, text: string): void {
  appendFileSync(file, `\n${text}`);
}

function perContender(figures: Figures): string[][] {
  const lines = new Map<string, string[]>();
  for (const { figure, median } of figures.all()) {
    const key = `${figure.act}\n${figure.contender}`;
    const line = lines.get(key) ?? [figure.act, figure.contender, ""];
    line[2] += `${line[2] ? ", " : ""}${figure.measure} ${figure.number} ${plain(median)}`;
    lines.set(key, line);
  }
  return [...lines.values()];
}

function boundText({ bound, unit }: Target): string {
  if (bound === undefined) return "";
  return "least" in bound ? `>= ${bound.least} ${unit}` : `<= ${bound.most} ${unit}`;
}

function plain(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

/** Padded, so that it reads in a terminal too. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
