import { parseArgs } from "node:util";
import { drained } from "./chat-soak/drain.ts";
import { killsOnMongo, killsOnSqlite } from "./chat-soak/kills.ts";
import { startModel } from "./chat-soak/model.ts";
import type { Proof, Size } from "./chat-soak/proof.ts";
import { Processes } from "./processes.ts";
import { redisGone } from "./chat-soak/redis-gone.ts";
import { stampede } from "./chat-soak/stampede.ts";
import { machine } from "./report.ts";

const HELP = `node bench/chat-soak.ts [flags]
  --only NAME    only this proof; may be repeated
  --kills N      kills right after an acknowledgement, in each store (200)
  --clients N    clients that come back at once (10000)
  --away S       seconds for which Redis is gone (60)
  --sockets N    sockets that are drained (1000)
  --minutes N    a proof that takes longer has failed (20)
  --list         names of proofs

Real \`warren chat\` processes, and clients that notice every message that is lost, doubled or in another
place. Needs redis-server and ferretdb for what has several instances. Exit code 0: every promise held.`;

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    kills: { type: "string", default: "200" },
    clients: { type: "string", default: "10000" },
    away: { type: "string", default: "60" },
    sockets: { type: "string", default: "1000" },
    minutes: { type: "string", default: "20" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const PROOFS: Readonly<Record<string, Proof>> = {
  "kills on SQLite": killsOnSqlite,
  "kills on MongoDB": killsOnMongo,
  stampede,
  "Redis gone": redisGone,
  drain: drained,
};

const STAY_MS = 10_000;

/** What was seen, or what is wrong. */
async function run(name: string, proof: Proof, size: Size): Promise<boolean> {
  await using processes = new Processes();
  await using model = await startModel();
  const startedAt = performance.now();
  const say = (text: string) => console.log(`  ${name}: ${text}`);
  try {
    const seen = await within(proof({ processes, size, modelPort: model.port, say }));
    console.log(`${name}: ${seen} (${seconds(startedAt)} s)`);
    return true;
  } catch (reason) {
    console.log(processes.lastWords());
    console.log(`${name}: FAULT after ${seconds(startedAt)} s`, reason);
    return false;
  }
}

/** Nothing is waited for longer than what the operator of this said. */
function within<T>(task: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const limitMs = Number(flags.minutes) * 60_000;
  const timer = setTimeout(() => late.reject(new Error(`took ${flags.minutes} min`)), limitMs);
  return Promise.race([task, late.promise]).finally(() => clearTimeout(timer));
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1);
}

async function main(): Promise<void> {
  const names = Object.keys(PROOFS);
  if (flags.help) return console.log(HELP);
  if (flags.list) return console.log(names.join("\n"));
  const unknown = flags.only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no such proof: ${unknown.join(", ")}; see --list`);
  console.log(`${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, ${machine()}`);
  const size: Size = {
    kills: Number(flags.kills),
    clients: Number(flags.clients),
    awayMs: Number(flags.away) * 1_000,
    sockets: Number(flags.sockets),
  };
  let faults = 0;
  for (const name of flags.only.length > 0 ? flags.only : names) {
    if (!(await run(name, PROOFS[name]!, size))) faults += 1;
  }
  console.log(faults === 0 ? "Every promise held." : `${faults} FAULTS.`);
  if (faults === 0) return;
  process.exitCode = 1;
  // What a proof that failed left waiting would keep this.
  setTimeout(() => process.kill(process.pid, "SIGTERM"), STAY_MS).unref();
}

await main();
