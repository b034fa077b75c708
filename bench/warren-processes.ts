import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort, type Processes } from "./processes.ts";
import { statusOf } from "./raw-client.ts";

const BIN = path.join(import.meta.dirname, "../packages/warren/bin/warren.js");
const READY_MS = 120_000;

/** Public hosts, and the local port behind each. */
export type Routes = Readonly<Record<string, number>>;

export interface WarrenProcessesOptions {
  /** Of the agent whose pid is returned. */
  routes: Routes;
  /** One more agent for each, and a cluster of its own: a snapshot is of all that a cluster publishes. */
  moreAgents?: readonly Routes[];
  /** A line for every request, written to the gateway's log file. */
  requestLog?: boolean;
  /** The port that agents dial instead of the gateway's own. */
  agentDials?: (gatewayPort: number) => Promise<number>;
}

export interface WarrenProcesses {
  /** The gateway's public port on 127.0.0.1. */
  port: number;
  pids: { gateway: number; agent: number };
  /** The gateway's data folder, in which tokens are made. */
  data: string;
}

/**
 * A gateway and its agents, started by the command line with its defaults but for ports, folders and
 * the request log. Resolves when every agent's last route is answered.
 */
export async function startWarrenProcesses(
  processes: Processes,
  { routes, moreAgents = [], requestLog = false, agentDials }: WarrenProcessesOptions,
): Promise<WarrenProcesses> {
  const data = mkdtempSync(path.join(processes.folder, "warren-"));
  const name = path.basename(data);
  const [port, admin] = [await freePort(), await freePort()];
  const gateway = await processes.start({
    name: `${name}-gateway`,
    ...gatewayCommand({ data, port, admin, requestLog }),
    ports: [port, admin],
  });
  const dialled = agentDials === undefined ? port : await agentDials(port);
  const startAgent = (routes: Routes, i: number) =>
    processes.start({
      name: `${name}-agent-${i}`,
      ...agentCommand({
        data: path.join(data, `agent-${i}`),
        dialled,
        tokenFile: createToken(data, `bench-${i}`),
        routes,
      }),
      ports: [],
    });
  const agent = await startAgent(routes, 0);
  // One by one: a hundred that start at once on two cores would miss their own deadlines.
  for (const [i, more] of moreAgents.entries()) {
    const pid = await startAgent(more, i + 1);
    await answers(port, lastHost(more), () => processes.mustRun(pid));
  }
  await answers(port, lastHost(routes), () => processes.mustRun(agent));
  return { port, pids: { gateway, agent }, data };
}

/** For a cluster that may have every host below bench.test; the token's file. */
export function createToken(data: string, cluster: string): string {
  const file = path.join(data, `${cluster}.token`);
  const flags = ["--cluster", cluster, "--host", "*.bench.test", "--data", data, "--out", file];
  execFileSync(process.execPath, [BIN, "token", "create", ...flags], { stdio: "pipe" });
  return file;
}

interface GatewayFlags {
  data: string;
  port: number;
  admin: number;
  requestLog: boolean;
}

function gatewayCommand({ data, port, admin, requestLog }: GatewayFlags) {
  return warren("gateway", {
    data,
    listen: "127.0.0.1",
    port: String(port),
    "admin-port": String(admin),
    "log-format": "json",
    [requestLog ? "request-log" : "no-request-log"]: undefined,
  });
}

interface AgentFlags {
  data: string;
  dialled: number;
  tokenFile: string;
  routes: Routes;
}

function agentCommand({ data, dialled, tokenFile, routes }: AgentFlags) {
  mkdirSync(data);
  const services = path.join(data, "services.toml");
  const tables = Object.entries(routes).map(
    ([host, port]) => `[[service]]\nhost = "${host}"\nto = "http://127.0.0.1:${port}"\n`,
  );
  writeFileSync(services, tables.join("\n"));
  return warren("agent", {
    data,
    gateway: `ws://127.0.0.1:${dialled}`,
    "token-file": tokenFile,
    services,
    "log-format": "json",
  });
}

/** A command of Warren's own, as a program to start. */
export function warren(word: string, flags: Readonly<Record<string, string | undefined>>) {
  const args = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [`--${flag}`] : [`--${flag}`, value],
  );
  return { command: process.execPath, args: [BIN, word, ...args] };
}

function lastHost(routes: Routes): string {
  return Object.keys(routes).at(-1)!;
}

/** 404 and 5xx are what a gateway says of a host that no agent has published yet. */
export async function answers(port: number, host: string, stillThere: () => void): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    stillThere();
    const status = await statusOf({ port, host }, "/");
    if (status !== 404 && status < 500) return;
    if (performance.now() > deadline) throw new Error(`${host}: still answers ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
