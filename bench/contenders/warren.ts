import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Contender, Stage, StartContender } from "../contender.ts";
import { freePort } from "../processes.ts";

const BIN = path.join(import.meta.dirname, "../../packages/warren/bin/warren.js");
const HOSTS = { files: "files.bench.test", service: "service.bench.test" };
const AGENTS_READY_MS = 120_000;

export interface WarrenOptions {
  /** A line for every request, written to a file. */
  requestLog: boolean;
  /** Routes that the agent publishes beside the two that are used. */
  moreRoutes: number;
  /** Agents beside the one that is used, each with a tunnel and a route of its own. */
  moreAgents: number;
}

/** Warren as its command line starts it: one gateway, one agent, rate limits off. */
export const warren =
  (options: Partial<WarrenOptions> = {}): StartContender =>
  (stage) =>
    startWarren(stage, { requestLog: false, moreRoutes: 0, moreAgents: 0, ...options });

let started = 0;

async function startWarren(
  { processes, origin }: Stage,
  { requestLog, moreRoutes, moreAgents }: WarrenOptions,
): Promise<Omit<Contender, "name">> {
  const folder = path.join(processes.folder, `warren-${++started}`);
  mkdirSync(folder);
  const command = warrenCommands(folder);
  const [port, admin] = [await freePort(), await freePort()];
  const gateway = await processes.start({
    name: `${path.basename(folder)}-gateway`,
    ...command.gateway({ port, admin, requestLog }),
    ports: [port, admin],
  });
  const used = { [HOSTS.files]: origin.files, [HOSTS.service]: origin.service };
  const unused = Object.fromEntries(
    Array.from({ length: moreRoutes }, (_, i) => [`r${i}.bench.test`, origin.files]),
  );
  const agent = await processes.start({
    name: `${path.basename(folder)}-agent`,
    ...command.agent({ gateway: port, slot: "agent", routes: { ...used, ...unused } }),
    ports: [],
  });
  for (let i = 0; i < moreAgents; i++) {
    const routes = { [`a${i}.bench.test`]: origin.files };
    await processes.start({
      name: `${path.basename(folder)}-agent-${i}`,
      ...command.agent({ gateway: port, slot: `agent-${i}`, routes }),
      ports: [],
    });
  }
  const last = [
    ...Object.values(HOSTS),
    ...(moreRoutes > 0 ? [`r${moreRoutes - 1}.bench.test`] : []),
    ...Array.from({ length: moreAgents }, (_, i) => `a${i}.bench.test`),
  ];
  for (const host of last) await answers(port, host);
  return {
    entries: { files: { port, host: HOSTS.files }, service: { port, host: HOSTS.service } },
    pids: { gateway, agent },
  };
}

/** The one place that knows how Warren is started. */
function warrenCommands(data: string) {
  const warren = (...args: string[][]) => ({
    command: process.execPath,
    args: [BIN, ...args.flat()],
  });
  const token = execFileSync(
    process.execPath,
    [BIN, "token", "create", "--cluster", "bench", "--host", "*", "--data", data],
    { encoding: "utf8" },
  ).trim();
  const tokenFile = path.join(data, "token");
  writeFileSync(tokenFile, token, { mode: 0o600 });
  return {
    gateway: (of: { port: number; admin: number; requestLog: boolean }) =>
      warren(
        ["gateway", "--data", data, "--host", "127.0.0.1", "--port", String(of.port)],
        ["--admin-port", String(of.admin), "--request-log", of.requestLog ? "on" : "off"],
      ),
    agent: (of: { gateway: number; slot: string; routes: Readonly<Record<string, number>> }) => {
      const routesFile = path.join(data, `${of.slot}.toml`);
      const tables = Object.entries(of.routes).map(
        ([host, port]) => `[[routes]]\nhost = "${host}"\ntarget = "127.0.0.1:${port}"\n`,
      );
      writeFileSync(routesFile, tables.join("\n"));
      return warren(
        ["agent", "--gateway", `ws://127.0.0.1:${of.gateway}`, "--token-file", tokenFile],
        ["--data", path.join(data, of.slot), "--config", routesFile],
      );
    },
  };
}

async function answers(port: number, host: string): Promise<void> {
  const deadline = performance.now() + AGENTS_READY_MS;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/small`, { headers: { host } }).catch(
      () => undefined,
    );
    await response?.arrayBuffer();
    if (response !== undefined && response.status < 404) return;
    if (performance.now() > deadline) throw new Error(`${host}: still ${response?.status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
