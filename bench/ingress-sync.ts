/**
 * Ingresses of a cluster, or HTTPRoutes if that is said, in a process of their own: prints a sample as JSON. How long 1,000 of
 * them take from an agent's start until the gateway serves them, all processes being real but the API
 * server; and what one change costs an agent that follows 10, and one that follows 10,000: from the API
 * server's taking it to its place in the table of what is published. `bench/run.ts` makes rows of it.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promMetrics, systemClock } from "@warren/host";
import { openAccess } from "@warren/host/kube";
import { silentLog, startKubeApi } from "@warren/host/testing";
import { agentDefaults, kubeSettings, Published, STRICT_TLS } from "@warren/agent";
import { followCluster } from "../packages/agent/src/kube/start-kube.ts";
import { kubeAgents } from "./kube-agents.ts";
import { median, type Sample } from "./measure.ts";
import { Processes } from "./processes.ts";
import { PUBLISHED_KINDS, putService } from "./published-kinds.ts";
import { answers, startWarrenProcesses } from "./warren-processes.ts";

const SYNCED = 1_000;
const FEW = 10;
const MANY = 10_000;
const CHANGES = 1_000;

const kind = PUBLISHED_KINDS[process.argv[2] ?? "Ingress"]!;

/** Milliseconds from the start of an agent's process until the gateway serves the last of its hosts. */
async function syncMs(): Promise<number> {
  await using processes = new Processes();
  await using api = await startKubeApi();
  const service = createServer((_request, response) => void response.end("served"));
  await once(service.listen(0, "127.0.0.1"), "listening");
  const { port } = service.address() as AddressInfo;
  kind.prepare(api);
  for (let n = 0; n < SYNCED; n += 1) {
    putService(api, n, { clusterIP: "127.0.0.1", port, targetPort: port });
    kind.put(api, n, { path: "/", port });
  }
  const gateway = await startWarrenProcesses(processes, { routes: { "other.bench.test": port } });
  const startAgent = kubeAgents(processes, { api, gateway });
  const began = performance.now();
  const pid = await startAgent("agent-0");
  await answers(gateway.port, `h${SYNCED - 1}.bench.test`, () => processes.mustRun(pid));
  const took = performance.now() - began;
  // A snapshot is applied whole.
  for (let n = 0; n < SYNCED; n += 100)
    await answers(gateway.port, `h${n}.bench.test`, () => processes.mustRun(pid));
  service.close();
  return took;
}

/** An agent's side of a cluster that has so many objects of the kind, each with a Service of its own. */
async function follow(count: number, owned: AsyncDisposableStack) {
  const api = owned.use(await startKubeApi());
  kind.prepare(api);
  for (let n = 0; n < count; n += 1) {
    putService(api, n, { clusterIP: "10.0.0.1", port: 80, targetPort: 8_080 });
    kind.put(api, n, { path: "/", port: 80 });
  }
  const source = owned.use(
    followCluster(
      kubeSettings(
        { ...agentDefaults, kube: "on", kubeMode: "tunnel", podNamespace: "default" },
        { host: undefined, port: undefined },
      )!,
      {
        agentId: "bench",
        version: "0",
        log: silentLog(),
        metrics: promMetrics(),
        clock: systemClock,
        wallClock: Date.now,
        random: Math.random,
        tls: STRICT_TLS,
        connectTimeoutMs: 10_000,
        gateways: [],
      },
      openAccess(api.url),
    ),
  );
  const published = new Published(source.voice);
  const first = Promise.withResolvers<void>();
  const stop = published.onChange(() => first.resolve());
  // Nobody leads without a gateway.
  source.connected(true);
  source.start(published);
  await first.promise;
  stop();
  await kind.settled(api, count - 1);
  return { api, published };
}

type Followed = Awaited<ReturnType<typeof follow>>;

/**
 * Microseconds of one change, from the API server's taking it to the table. The same few objects change in
 * both: what is measured is the change, not how much of ten thousand fits in the processor's cache.
 */
async function changeMicros({ api, published }: Followed, turn: number): Promise<number> {
  const changed = Promise.withResolvers<void>();
  const stop = published.onChange(() => changed.resolve());
  const began = process.hrtime.bigint();
  kind.put(api, turn % FEW, { path: `/changed-${turn}`, port: 80 });
  await changed.promise;
  const took = Number(process.hrtime.bigint() - began) / 1_000;
  stop();
  // What is said of it is no part of the change, and would be in the way of the next.
  await kind.settled(api, turn % FEW);
  return took;
}

async function changeCosts(): Promise<Sample> {
  await using owned = new AsyncDisposableStack();
  const few = await follow(FEW, owned);
  const many = await follow(MANY, owned);
  const [amongFew, amongMany]: [number[], number[]] = [[], []];
  // In turns: both see the same compiler, collector and machine.
  for (let turn = 0; turn < 2 * CHANGES; turn += 1) {
    for (const which of turn % 2 === 0 ? [few, many] : [many, few]) {
      const micros = await changeMicros(which, turn);
      if (turn >= CHANGES) (which === few ? amongFew : amongMany).push(micros);
    }
  }
  return { amongTenMicros: median(amongFew), amongTenThousandMicros: median(amongMany) };
}

const thousandMs = await syncMs();
console.log(JSON.stringify({ thousandMs, ...(await changeCosts()) }));
