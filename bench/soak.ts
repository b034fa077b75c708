import path from "node:path";
import { parseArgs } from "node:util";
import { startFaultProxy, type FaultProxy } from "@warren/host/testing";
import { cutRepeatedly } from "../packages/warren/test/_kit/cuts.ts";
import { startStorm, type Storm, type StormVerdict } from "../packages/warren/test/_kit/storm.ts";
import { startWarrenProcesses } from "./warren-processes.ts";
import { freePort, Processes, residentBytes } from "./processes.ts";

const HELP = `npm run soak -- [flags]
  --cuts N       how often the transport between agent and gateway is cut (100)
  --sockets N    WebSockets with numbered messages (1000)
  --transfers N  downloads, and as many uploads, of 50 MB with SHA-256, over and over (20)

A gateway and an agent from the command line with their defaults, a fault proxy between them, and a
storm of traffic that notices every lost, doubled, changed or reordered byte. Takes about half an
hour: defaults wait up to 30 s before a silent transport counts as dead. Exit code 0: nothing failed.`;

const { values: flags } = parseArgs({
  options: {
    cuts: { type: "string", default: "100" },
    sockets: { type: "string", default: "1000" },
    transfers: { type: "string", default: "20" },
    help: { type: "boolean", default: false },
  },
});

const TRANSFER_BYTES = 50_000_000;
/** 50 s for a transfer, so that each one lives through several cuts. */
const TRANSFER_BYTES_PER_SECOND = 1_000_000;
const MESSAGE_EVERY_MS = 500;
/** 30 s to notice, then the longest wait between two dials, and a margin for a busy machine. */
const RECOVER_MS = 60_000;
const HOST = "storm.bench.test";

async function soak(): Promise<StormVerdict> {
  await using processes = new Processes();
  const servicePort = await freePort();
  await processes.start({
    name: "storm-service",
    command: process.execPath,
    args: [kit("storm-service.ts"), String(servicePort)],
    ports: [servicePort],
  });
  const started = await startBehindProxy(processes, servicePort);
  await using proxy = started.proxy;
  using storm = await startStorm({
    entry: { port: started.port, host: HOST },
    servicePort,
    sockets: Number(flags.sockets),
    everyMs: MESSAGE_EVERY_MS,
    downloads: Number(flags.transfers),
    uploads: Number(flags.transfers),
    transferBytes: TRANSFER_BYTES,
    bytesPerSecond: TRANSFER_BYTES_PER_SECOND,
    repeat: true,
  });
  await cutRepeatedly({
    proxy,
    storm,
    cuts: Number(flags.cuts),
    lastingMs: 4_000,
    recoverMs: RECOVER_MS,
    pauseMs: 1_000,
    onCut: (cut) => console.log(progressLine(cut, storm, started.pids)),
  }).catch((reason: unknown) => {
    console.log(processes.lastWords());
    throw reason;
  });
  return storm.finish();
}

/** The agent knows the gateway only by the proxy's address. */
async function startBehindProxy(processes: Processes, servicePort: number) {
  let proxy: FaultProxy | undefined;
  const { port, pids } = await startWarrenProcesses(processes, {
    routes: { [HOST]: servicePort },
    agentDials: async (gateway) => {
      proxy = await startFaultProxy({ target: { port: gateway } });
      return proxy.port;
    },
  });
  return { port, pids, proxy: proxy! };
}

function progressLine(
  { number, kind, recoveredMs }: { number: number; kind: string; recoveredMs: number },
  { progress }: Storm,
  pids: { gateway: number; agent: number },
): string {
  return [
    `cut ${number}/${flags.cuts} ${kind}, back after ${(recoveredMs / 1000).toFixed(1)} s`,
    `${progress.echoed} of ${progress.sent} messages`,
    `${progress.downloads} down and ${progress.uploads} up`,
    `${megabytes(progress.transferredBytes)} moved`,
    `gateway ${megabytes(residentBytes(pids.gateway))}`,
    `agent ${megabytes(residentBytes(pids.agent))}`,
  ].join(" | ");
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function kit(file: string): string {
  return path.join(import.meta.dirname, "../packages/warren/test/_kit", file);
}

function sayVerdict({ all, service, ...counts }: StormVerdict): void {
  const faults = [...all, ...service.faults.map((fault) => `at the service: ${fault}`)];
  for (const fault of faults) console.log(fault);
  console.log(
    `${counts.sent} messages, ${counts.downloads} downloads and ${counts.uploads} uploads: ` +
      (faults.length === 0 ? "every byte once and in order." : `${faults.length} FAULTS.`),
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (flags.help) console.log(HELP);
else sayVerdict(await soak());
