import path from "node:path";
import { parseArgs } from "node:util";
import { ACTS, type Act } from "./acts.ts";
import type { Contender, Stage } from "./contender.ts";
import type { Effort, Measure } from "./measure.ts";
import { requireTools, startOrigin } from "./origin.ts";
import { Processes } from "./processes.ts";
import { appendResults, Figures, judge, render, type Verdict } from "./report.ts";
import { TARGETS } from "./targets.ts";

const HELP = `npm run bench -- [flags]
  --only NAME       only this act or measure; may be repeated
  --without NAME    leave this contender out; may be repeated
  --rounds N        rounds to take medians of (5)
  --quick           one short round: shows that everything works, says nothing about speed
  --list            names of acts, measures and contenders

A whole run is appended to bench/RESULTS.md. Exit code: 0 all targets met, 1 the bench failed (as it
does on any answer that is not 2xx), 2 a target was missed.`;

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    without: { type: "string", multiple: true, default: [] },
    rounds: { type: "string", default: "5" },
    quick: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

interface Plan {
  rounds: number;
  effort: Effort;
  figures: Figures;
}

const ACT_NAMES = ACTS.map((act) => act.name);
const MEASURE_NAMES = [...new Set(ACTS.flatMap((act) => act.measures.map(({ name }) => name)))];
const CONTENDER_NAMES = [...new Set(ACTS.flatMap((act) => Object.keys(act.contenders)))];

/** Whether --only selects `name`; names of the other kind select nothing among these. */
function chosen(name: string, among: readonly string[]): boolean {
  const words = flags.only.filter((word) => among.includes(word));
  return words.length === 0 || words.includes(name);
}

function checkNames(): void {
  const known = [...ACT_NAMES, ...MEASURE_NAMES];
  const unknown = [
    ...flags.only.filter((name) => !known.includes(name)),
    ...flags.without.filter((name) => !CONTENDER_NAMES.includes(name)),
  ];
  if (unknown.length > 0) throw new Error(`no such name: ${unknown.join(", ")}; see --list`);
}

async function playAct(act: Act, plan: Plan): Promise<void> {
  await using processes = new Processes();
  const stage = { processes, origin: await startOrigin(processes) };
  const contenders = await startAll(act, stage);
  const measures = measuresOf(act);
  const rounds = Math.min(plan.rounds, act.rounds ?? plan.rounds);
  for (let round = 1; round <= rounds; round++) {
    for (const measure of measures) {
      for (const contender of contenders) {
        progress(`${act.name}, round ${round} of ${rounds}: ${measure.name}, ${contender.name}`);
        const sample = await measure.sample(contender, stage, plan.effort);
        const of = { act: act.name, contender: contender.name, measure: measure.name };
        plan.figures.add(of, sample);
      }
    }
  }
}

async function startAll(act: Act, stage: Stage): Promise<Contender[]> {
  const contenders: Contender[] = [];
  for (const [name, start] of Object.entries(act.contenders)) {
    if (flags.without.includes(name)) continue;
    progress(`${act.name}: starting ${name}`);
    const contender = await start(stage);
    if (contender !== undefined) contenders.push({ name, ...contender });
  }
  return contenders;
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
}

async function main(): Promise<void> {
  if (flags.help) return console.log(HELP);
  if (flags.list) return console.log(lists());
  checkNames();
  const acts = ACTS.filter((act) => chosen(act.name, ACT_NAMES) && isOn(act));
  requireTools(acts.flatMap(measuresOf).flatMap(({ tools = [] }) => tools));
  const effort = flags.quick ? { seconds: 1, share: 0.1 } : { seconds: 5, share: 1 };
  const plan = { rounds: flags.quick ? 1 : Number(flags.rounds), effort, figures: new Figures() };
  try {
    for (const act of acts) await playAct(act, plan);
  } catch (error) {
    // Minutes of measuring: what there is of it is shown before the reason for the end.
    console.log(told(plan).text);
    throw error;
  }
  const { verdicts, text } = told(plan);
  console.log(text);
  const whole = !flags.quick && flags.only.length === 0 && flags.without.length === 0;
  if (whole) appendResults(path.join(import.meta.dirname, "RESULTS.md"), text);
  if (verdicts.some(({ met }) => met === false)) process.exitCode = 2;
}

function told({ figures, rounds }: Plan): { verdicts: Verdict[]; text: string } {
  progress("");
  const verdicts = judge(TARGETS, figures);
  return { verdicts, text: render(verdicts, figures, rounds) };
}

/** Those of an act that are wanted. */
function measuresOf({ measures }: Act): Measure[] {
  return measures.filter(({ name }) => chosen(name, MEASURE_NAMES));
}

/** An act has something to do: a measure and a contender that are wanted. */
function isOn(act: Act): boolean {
  return (
    measuresOf(act).length > 0 &&
    Object.keys(act.contenders).some((name) => !flags.without.includes(name))
  );
}

function lists(): string {
  const lines = { acts: ACT_NAMES, measures: MEASURE_NAMES, contenders: CONTENDER_NAMES };
  return Object.entries(lines)
    .map(([kind, names]) => `${kind}: ${names.map((name) => `"${name}"`).join(" ")}`)
    .join("\n");
}

await main();
