// An agent on a kube-apiserver, as the ServiceAccount of the chart and with the chart's rights alone: what it asks and
// writes is not only the double's to take (docs/decisions/0271).
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { kubePrograms, privateKubeApiserver } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../packages/warren/src/doctor/finding.ts";
import { BIN, Cli } from "../../packages/warren/test/_cli.ts";
import { ask } from "../../packages/warren/test/_kit/ask.ts";
import { Fleet, freePort, type GatewayOnStage } from "../../packages/warren/test/_kit/fleet.ts";
import { commandsAt, type Commands } from "./_kit/cluster.ts";
import { kubectl } from "./_kit/folders.ts";
import { gatewayApiDefinitions } from "./_kit/gateway-api.ts";
import { exampleFlags, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf } from "./_kit/pods.ts";
import { schemasFolder } from "./_kit/schemas.ts";
import { environmentOf } from "./_kit/told.ts";

const RIGHTS = /^(ServiceAccount|(Ingress|Gateway)Class|(Cluster)?Role(Binding)?)$/;
const LONG = { timeout: 30_000 };
/** Each look starts a kubectl. */
const SELDOM = { ...LONG, interval: 300 };
const OF_CLUSTER = /^(may|API server|clock|Lease|Ingress)/;

const programs = kubePrograms();
const isThere = programs !== undefined && kubectl !== undefined && helm !== undefined;

describe.skipIf(!isThere)("on a kube-apiserver", { timeout: 120_000 }, () => {
  const opened = new AsyncDisposableStack();
  const fleet = opened.use(new Fleet());
  /** Nothing but an agent reaches it: there is no kube-proxy. */
  const place = address();
  let there: object;
  let admin: Commands;
  let gateway: GatewayOnStage;
  let port: number;
  beforeAll(async () => {
    const { adminToken, url } = opened.use(await privateKubeApiserver(programs!));
    there = { server: url, "insecure-skip-tls-verify": true };
    admin = commandsAt(fleet.folder, there, adminToken);
    gateway = await fleet.gateway({});
    const app = opened.use(await service(place ?? "127.0.0.1"));
    port = app.port;
    await admin.kubectl("create", "namespace", RELEASE.namespace);
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  async function give(verb: "apply" | "delete", objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    const ran = await admin.run("kubectl", [verb, "-f", "-"], { input });
    expect([ran.code, ran.err]).toEqual([0, ""]);
  }

  /** What `helm install` makes for an agent, but the pod itself, which is to be a process: `start` runs one. */
  async function installed(app: string, values: Record<string, unknown>) {
    const flags = [...exampleFlags("agent-values.yaml"), ...setFlags(values)];
    const objects = await render(flags, "newest");
    const [pod] = podsOf(objects);
    const container = pod!.spec.containers[0]!;
    const rights = objects.filter(({ kind }) => RIGHTS.test(kind));
    await give("apply", rights);
    const account = pod!.spec.serviceAccountName!;
    const token = await admin.kubectl("create", "token", account, "-n", RELEASE.namespace);
    const kubeconfig = join(fleet.folder, `${app}.kubeconfig`);
    writeFileSync(kubeconfig, configOf(there, token.trim()));
    const env = {
      ...environmentOf(container, objects),
      WARREN_DATA: join(fleet.folder, app),
      WARREN_GATEWAY: `ws://127.0.0.1:${gateway.port}`,
      WARREN_TOKEN_FILE: (await fleet.token()).file,
      WARREN_AGENT_ADMIN_PORT: String(await freePort()),
      WARREN_KUBECONFIG: kubeconfig,
    };
    const start = (words: readonly string[]) =>
      new Cli([process.execPath, BIN, ...words], { env, cwd: fleet.folder });
    const gone = async () => {
      await admin.kubectl("delete", "lease", account, "-n", RELEASE.namespace);
      await give("delete", rights);
    };
    return { account, args: container.args!, start, gone };
  }

  const status = async (host: string) => (await ask({ port: gateway.port, host })).status;
  const said = (...words: string[]) => admin.kubectl("get", ...words);
  const inStatus = (what: string, path: string) => said(what, "-o", `jsonpath={.status.${path}}`);
  const eventsOf = (name: string) =>
    said("events.events.k8s.io", "-o", `jsonpath={.items[?(@.regarding.name=="${name}")].reason}`);

  test.each([
    { app: "everywhere", name: "all namespaces", values: {} },
    {
      app: "here",
      name: "one namespace and its Secrets",
      values: {
        "agent.kube.namespaces": ["default"],
        "agent.kube.controllerNamespaces": ["kube-system"],
        "agent.kube.tlsSecrets": true,
      },
    },
  ])(
    "an agent of $name leads, publishes, says so, takes back, and misses no right",
    async ({ app, values }) => {
      const { account, args, start, gone } = await installed(app, values);
      await give("apply", serviceOf(app, place ?? "192.0.2.1", port));
      const host = `${app}.example.com`;
      const create = `create ingress ${app} --class=warren --rule=${host}/*=${app}:${port}`;
      await admin.kubectl(...create.split(" "));

      await using agent = start(args);
      await agent.says(/"joined|joined /);
      await expect.poll(() => status(host), LONG).toBe(place === undefined ? 502 : 200);
      const shown = () => said("ingress", app, "-o", "jsonpath={.status.loadBalancer.ingress}");
      await expect.poll(shown, SELDOM).not.toBe("");
      await expect.poll(() => eventsOf(app), SELDOM).toContain("Published");
      const holder = "jsonpath={.spec.holderIdentity}";
      expect(await said("lease", account, "-n", RELEASE.namespace, "-o", holder)).toMatch(/^pod-0/);

      expect(await lacks(start)).toEqual([]);

      const lost = `${app}-lost`;
      await admin.kubectl(
        ..."create ingress --class=warren --rule=lost.example.com/*=nowhere:80".split(" "),
        lost,
      );
      await expect.poll(() => eventsOf(lost), SELDOM).toContain("NoSuchService");
      await admin.kubectl("delete", "ingress", app, lost);
      await expect.poll(() => status(host), LONG).toBe(404);
      expect(agent.stdout + agent.stderr).not.toMatch(/may not be|the role lacks|forbidden/i);
      await gone();
    },
  );

  test.skipIf(schemasFolder === undefined)(
    "an agent says of Gateway API's own objects what became of them, served or not",
    async () => {
      await give("apply", gatewayApiDefinitions());
      await admin.kubectl("wait", "--for=condition=Established", "crd", "--all");
      const values = { "agent.kube.createGatewayClass": true };
      const { args, start, gone } = await installed("routes", values);
      await give("apply", [...serviceOf("routes", place ?? "192.0.2.1", port), ...unserved(port)]);
      await using agent = start(args);
      await agent.says(/"joined|joined /);
      const conditions = "conditions[*]['type','status','reason','observedGeneration']";
      await expect
        .poll(() => inStatus("listenerset/more", conditions), SELDOM)
        .toBe("Accepted Programmed False False NotAllowed NotAllowed 1 1");
      await expect
        .poll(() => inStatus("backendtlspolicy/verified", "ancestors[*].ancestorRef.name"), SELDOM)
        .toBe("edge");
      expect(await inStatus("backendtlspolicy/verified", "ancestors[*].conditions[*].reason")).toBe(
        "Invalid",
      );
      const accepted = "parents[*].conditions[?(@.type=='Accepted')].reason";
      await expect
        .poll(() => inStatus("httproute/routes", accepted), SELDOM)
        .toBe("Accepted NoMatchingParent");
      const message = "conditions[?(@.type=='Accepted')]['status','message']";
      await expect
        .poll(() => inStatus("gateway/edge", message), SELDOM)
        .toMatch(/^True .*; ListenerSets are not supported.*; nothing is created for a Gateway/);
      expect(await lacks(start)).toEqual([]);

      await admin.kubectl("delete", "httproute", "routes");
      await expect
        .poll(() => inStatus("backendtlspolicy/verified", "ancestors"), SELDOM)
        .toBe("[]");
      expect(agent.stdout + agent.stderr).not.toMatch(/may not be|the role|forbidden/i);
      await gone();
    },
  );
});

/** What its doctor finds wanting in the cluster. */
async function lacks(start: (words: readonly string[]) => Cli): Promise<Finding[]> {
  await using doctor = start(["agent", "doctor", "--json"]);
  const found = JSON.parse((await doctor.ended()).stdout) as Finding[];
  const ofCluster = found.filter(({ check }) => OF_CLUSTER.test(check));
  expect(ofCluster.length).toBeGreaterThan(8);
  return ofCluster.filter(({ level }) => level !== "ok");
}

/** An address that an EndpointSlice may have: a server takes no loopback. */
function address(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}

async function service(host: string) {
  const server = createServer((_request, response) => response.end("hello"));
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** With ClientIP affinity, so that its endpoints are dialled and not its address. */
function serviceOf(name: string, at: string, port: number): object[] {
  const metadata = { name, namespace: "default" };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { ports: [{ port, protocol: "TCP" }], sessionAffinity: "ClientIP" },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: [{ addresses: [at], conditions: { ready: true } }],
      ports: [{ name: "", port, protocol: "TCP" }],
    },
  ];
}

function configOf(cluster: object, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "real", cluster }],
    users: [{ name: "agent", user: { token } }],
    contexts: [{ name: "real", context: { cluster: "real", user: "agent" } }],
    "current-context": "real",
  });
}

const API = { apiVersion: "gateway.networking.k8s.io/v1" };
const LISTENERS = [{ name: "http", port: 80, protocol: "HTTP" }];
/** A Gateway with a route, and what of both Warren does not serve. */
const unserved = (port: number): object[] => [
  {
    ...API,
    kind: "Gateway",
    metadata: { name: "edge", namespace: "default" },
    spec: {
      gatewayClassName: "warren",
      listeners: LISTENERS,
      allowedListeners: { namespaces: { from: "All" } },
      infrastructure: { labels: { team: "shop" } },
    },
  },
  {
    ...API,
    kind: "ListenerSet",
    metadata: { name: "more", namespace: "default" },
    spec: { parentRef: { name: "edge" }, listeners: LISTENERS },
  },
  {
    ...API,
    kind: "BackendTLSPolicy",
    metadata: { name: "verified", namespace: "default" },
    spec: {
      targetRefs: [{ group: "", kind: "Service", name: "routes" }],
      validation: { hostname: "routes.test", wellKnownCACertificates: "System" },
    },
  },
  {
    ...API,
    kind: "HTTPRoute",
    metadata: { name: "routes", namespace: "default" },
    spec: {
      parentRefs: [
        { name: "edge" },
        { group: "gateway.networking.k8s.io", kind: "ListenerSet", name: "more" },
      ],
      hostnames: ["routes.example.com"],
      rules: [{ backendRefs: [{ name: "routes", port }] }],
    },
  },
];
