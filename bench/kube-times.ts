/**
 * What people wait for in a cluster, in a process of its own: prints a sample as JSON. Gateway and agents are
 * real processes with their defaults, the API server is the double. How long an Ingress that is added, changed
 * or deleted takes until the gateway does so; and how long the next change takes when the agent that leads is
 * killed, or stops, while a visitor asks all the time.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { INGRESSES, LEASES } from "@warren/host/kube";
import { startKubeApi, type KubeApi } from "@warren/host/testing";
import { kubeAgents } from "./kube-agents.ts";
import { quantile, type Sample } from "./measure.ts";
import { Processes } from "./processes.ts";
import { PUBLISHED_KINDS, putService } from "./published-kinds.ts";
import { get } from "./raw-client.ts";
import { startWarrenProcesses } from "./warren-processes.ts";

const CHANGES = 50;
const TAKEOVERS = 3;
/** The visitor's; never changed. */
const STEADY = 0;
const LEASE = { namespace: "default", name: "warren-agent" };
const GIVE_UP_MS = 60_000;
const LOOK_MS = 2;

const ingress = PUBLISHED_KINDS["Ingress"]!;
const hostOf = (n: number) => `h${n}.bench.test`;

/** A service that answers with its own port. */
async function startService(owned: AsyncDisposableStack): Promise<number> {
  const server = createServer((_request, response) => {
    response.end(String((server.address() as AddressInfo).port));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  owned.defer(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const owned = new AsyncDisposableStack();
const processes = owned.use(new Processes());
const api: KubeApi = owned.use(await startKubeApi());
const ports = [await startService(owned), await startService(owned)] as const;

const gateway = await startWarrenProcesses(processes, {
  routes: { "other.bench.test": ports[0] },
});
const startAgent = kubeAgents(processes, { api, gateway });

/** What the gateway says of the n-th host: its service's port, or the status. */
async function seen(n: number): Promise<number> {
  const { status, body } = await get({ port: gateway.port, host: hostOf(n) }, "/");
  return status === 200 ? Number(body) : status;
}

async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline)
      throw new Error(`${what}: not so yet\n${processes.lastWords()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Milliseconds from the API server's taking a change until the gateway does what it says. */
async function untilSeen(n: number, want: number, change: () => void): Promise<number> {
  const began = performance.now();
  change();
  await eventually(`${hostOf(n)}: ${want}`, async () => (await seen(n)) === want);
  return performance.now() - began;
}

/** Leads the n-th host to one of the two services. */
function put(n: number, port: number): void {
  putService(api, n, { clusterIP: "127.0.0.1", port, targetPort: port });
  ingress.put(api, n, { path: "/", port });
}

async function changes(): Promise<Sample> {
  const took = { add: [] as number[], change: [] as number[], delete: [] as number[] };
  for (let n = 1; n <= CHANGES; n += 1) {
    took.add.push(await untilSeen(n, ports[0], () => put(n, ports[0])));
    took.change.push(await untilSeen(n, ports[1], () => put(n, ports[1])));
    const name = { namespace: "default", name: `i${n}` };
    took.delete.push(await untilSeen(n, 404, () => void api.remove(INGRESSES, name)));
  }
  return Object.fromEntries(
    Object.entries(took).flatMap(([what, all]) => [
      [`${what}P50Ms`, quantile(all, 0.5)],
      [`${what}P95Ms`, quantile(all, 0.95)],
    ]),
  );
}

const said = (pod: string, word: string) =>
  readFileSync(path.join(processes.folder, `${pod}.log`), "utf8").includes(word);
const leader = () => api.get(LEASES, LEASE)?.spec?.holderIdentity?.replace(/_[^_]*$/, "") ?? "";

/** An agent that carries traffic and knows who leads. */
async function startFollower(pod: string): Promise<number> {
  const pid = await startAgent(pod);
  await eventually(`${pod} follows`, () => said(pod, "joined ") && said(pod, '"msg":"following"'));
  return pid;
}

/** Asks for the steady host again and again; the returned function ends that and says how often it failed. */
function visit(): () => Promise<{ asked: number; failed: number }> {
  const count = { asked: 0, failed: 0 };
  let isOver = false;
  const visiting = (async () => {
    while (!isOver) {
      count.asked += 1;
      const answer = await seen(STEADY).catch(() => 0);
      if (answer !== ports[0]) count.failed += 1;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  return async () => {
    isOver = true;
    await visiting;
    return count;
  };
}

const pids = new Map<string, number>();
let pods = 0;
let asked = 0;
let failed = 0;

/** Ends the leader; resolves with how long the change took that was made as it went. */
async function takeover(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
  const follower = `agent-${++pods}`;
  pids.set(follower, await startFollower(follower));
  const endVisit = visit();
  const was = leader();
  const n = CHANGES + pods;
  const gone = processes.end(pids.get(was)!, signal);
  const took = await untilSeen(n, ports[0], () => put(n, ports[0]));
  await gone;
  const visited = await endVisit();
  asked += visited.asked;
  failed += visited.failed;
  if (leader() !== follower) throw new Error(`${leader()} leads, not ${follower}`);
  return took;
}

async function worst(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
  let most = 0;
  for (let turn = 0; turn < TAKEOVERS; turn += 1) most = Math.max(most, await takeover(signal));
  return most;
}

try {
  put(STEADY, ports[0]);
  pids.set("agent-0", await startAgent("agent-0"));
  await eventually("the first agent serves", async () => (await seen(STEADY)) === ports[0]);
  const changed = await changes();
  const killedMs = await worst("SIGKILL");
  const stoppedMs = await worst("SIGTERM");
  console.log(JSON.stringify({ ...changed, killedMs, stoppedMs, asked, failed }));
} finally {
  await owned.disposeAsync();
}
