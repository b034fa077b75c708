/**
 * Ingresses of a cluster, in a process of their own: prints a sample as JSON. How long 1,000 of them
 * take from an agent's start until the gateway serves them, all processes being real but the API
 * server; and what one change costs an agent that follows 10, and one that follows 10,000: from the API
 * server's taking it to its place in the table of what is published. `bench/run.ts` makes rows of it.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { promMetrics, systemClock } from "@warren/host";
import { INGRESSES, openAccess, SERVICES } from "@warren/host/kube";
import { silentLog, startKubeApi, type KubeApi } from "@warren/host/testing";
import { Published, STRICT_TLS } from "@warren/agent";
import { followCluster } from "../packages/agent/src/kube/start-kube.ts";
import { median, type Sample } from "./measure.ts";
import { Processes } from "./processes.ts";
import { answers, createToken, startWarrenProcesses, warren } from "./warren-processes.ts";

const SYNCED = 1_000;
const FEW = 10;
const MANY = 10_000;
const CHANGES = 1_000;

function put(api: KubeApi, n: number, path: string): void {
  const backend = { service: { name: `web-${n}`, port: { number: 80 } } };
  const rule = {
    host: `h${n}.bench.test`,
    http: { paths: [{ path, pathType: "Prefix" as const, backend }] },
  };
  api.put(
    { metadata: { name: `i${n}`, namespace: "default" }, spec: { rules: [rule] } },
    INGRESSES,
  );
}

function fill(api: KubeApi, count: number, service: { clusterIP: string; port: number }): void {
  for (let n = 0; n < count; n += 1) {
    const ports = [{ port: 80, targetPort: service.port }];
    const spec = { clusterIP: service.clusterIP, ports };
    api.put({ metadata: { name: `web-${n}`, namespace: "default" }, spec }, SERVICES);
    put(api, n, "/");
  }
}

/** Milliseconds from the start of an agent's process until the gateway serves the last of its hosts. */
async function syncMs(): Promise<number> {
  await using processes = new Processes();
  await using api = await startKubeApi();
  const service = createServer((_request, response) => void response.end("served"));
  await once(service.listen(0, "127.0.0.1"), "listening");
  const { port } = service.address() as AddressInfo;
  for (let n = 0; n < SYNCED; n += 1) {
    const spec = { clusterIP: "127.0.0.1", ports: [{ port }] };
    api.put({ metadata: { name: `web-${n}`, namespace: "default" }, spec }, SERVICES);
    const backend = { service: { name: `web-${n}`, port: { number: port } } };
    const paths = [{ path: "/", pathType: "Prefix" as const, backend }];
    const rules = [{ host: `h${n}.bench.test`, http: { paths } }];
    api.put({ metadata: { name: `i${n}`, namespace: "default" }, spec: { rules } }, INGRESSES);
  }
  const { port: gateway, data } = await startWarrenProcesses(processes, {
    routes: { "other.bench.test": port },
  });
  const kubeconfig = path.join(data, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(api.url));
  const tokenFile = createToken(data, "kubernetes");
  const began = performance.now();
  const pid = await processes.start({
    name: "agent-in-a-cluster",
    ...warren("agent", {
      data: path.join(data, "agent-in-a-cluster"),
      gateway: `ws://127.0.0.1:${gateway}`,
      "token-file": tokenFile,
      kubeconfig,
      "pod-name": "agent-0",
      "pod-namespace": "default",
      "log-format": "json",
    }),
    ports: [],
  });
  await answers(gateway, `h${SYNCED - 1}.bench.test`, () => processes.mustRun(pid));
  const took = performance.now() - began;
  // A snapshot is applied whole.
  for (let n = 0; n < SYNCED; n += 100)
    await answers(gateway, `h${n}.bench.test`, () => processes.mustRun(pid));
  service.close();
  return took;
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server } }],
    users: [{ name: "agent", user: {} }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "agent" } }],
    "current-context": "bench",
  });
}

/** An agent's side of a cluster that has so many Ingresses, each with a Service of its own. */
async function follow(count: number, owned: AsyncDisposableStack) {
  const api = owned.use(await startKubeApi());
  fill(api, count, { clusterIP: "10.0.0.1", port: 8_080 });
  const source = owned.use(
    followCluster(
      {
        kubeconfig: undefined,
        context: undefined,
        inPod: { host: undefined, port: undefined },
        namespaces: undefined,
        select: "all",
        className: "warren",
        mode: "tunnel",
        controllerNamespaces: undefined,
        tlsSecrets: false,
        lease: { namespace: "default", name: "warren-agent" },
        podNamespace: "default",
      },
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
  source.start(published);
  await first.promise;
  stop();
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
  put(api, turn % FEW, `/changed-${turn}`);
  await changed.promise;
  const took = Number(process.hrtime.bigint() - began) / 1_000;
  stop();
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
