import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Contender, Stage } from "../contender.ts";
import type { Effort, Measure, Sample } from "../measure.ts";
import { SMALL_BODY } from "../origin.ts";
import { cpuMicros } from "../processes.ts";
import { get } from "../raw-client.ts";

const CONNECTIONS = 64;

interface Counted {
  requests: number;
  micros: number;
  p50: number;
  p99: number;
  failed: number;
  notOk: number;
}

/** A small file over 64 connections by one thread of wrk. */
export const smallGet: Measure = {
  name: "small GET",
  tools: ["wrk"],
  sample: sampleSmallGet,
};

async function sampleSmallGet(
  contender: Contender,
  { origin }: Stage,
  { seconds }: Effort,
): Promise<Sample> {
  const entry = contender.entries.files;
  const first = await get(entry, "/small");
  if (first.status !== 200 || first.body.toString() !== SMALL_BODY) {
    throw new Error(`${contender.name} answered ${first.status}`);
  }
  await wrk(contender, 1);
  const pids = Object.values(contender.pids);
  const [answeredBefore, cpuBefore] = [await origin.requests(), cpuMicros(pids)];
  const counted = await wrk(contender, seconds);
  const cpu = cpuMicros(pids) - cpuBefore;
  const answered = (await origin.requests()) - answeredBefore;
  if (answered < counted.requests) {
    throw new Error(
      `${contender.name}: ${counted.requests - answered} answers not from the origin`,
    );
  }
  return {
    requestsPerSecond: counted.requests / (counted.micros / 1e6),
    p50Ms: counted.p50 / 1000,
    p99Ms: counted.p99 / 1000,
    cpuMicrosPerRequest: cpu / counted.requests,
  };
}

async function wrk({ name, entries }: Contender, seconds: number): Promise<Counted> {
  const { port, host } = entries.files;
  const script = path.join(import.meta.dirname, "..", "wrk.lua");
  const { stdout } = await promisify(execFile)(
    "wrk",
    [
      ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-H", `Host: ${host}`, "-s", script],
      `http://127.0.0.1:${port}/small`,
    ].flat(),
  );
  const line = stdout.split("\n").find((line) => line.startsWith("{"));
  if (line === undefined) throw new Error(`wrk said nothing of ${name}: ${stdout}`);
  const counted = JSON.parse(line) as Counted;
  if (counted.failed > 0 || counted.notOk > 0 || counted.requests === 0) {
    throw new Error(`${name}: ${line}`);
  }
  return counted;
}
