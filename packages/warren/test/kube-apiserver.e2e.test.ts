/** An agent against a kube-apiserver where one is there (docs/decisions/0271): what it writes is not only the double's to take. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { systemClock } from "@warren/host";
import {
  CALL_TIMEOUT_MS,
  ENDPOINT_SLICES,
  EVENTS,
  EVERYTHING,
  INGRESS_CLASSES,
  INGRESSES,
  kubeClient,
  LEASES,
  NAMESPACES,
  SERVICES,
  type KubeClient,
  type KubeObject,
  type Resource,
} from "@warren/host/kube";
import {
  kubePrograms,
  privateKubeApiserver,
  type PrivateKubeApiserver,
} from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../src/doctor/finding.ts";
import { ask } from "./_kit/ask.ts";
import { Fleet, type GatewayOnStage } from "./_kit/fleet.ts";
import { ingressOf } from "./_kit/kube-stage.ts";

const programs = kubePrograms();
const LONG_MS = 30_000;
const HOST = "my-app.example.com";

const rbac = { group: "rbac.authorization.k8s.io", version: "v1" };
interface Role extends KubeObject {
  rules: {
    apiGroups: string[];
    resources: string[];
    verbs: string[];
    resourceNames?: string[];
  }[];
}
interface Binding extends KubeObject {
  roleRef: object;
  subjects: object[];
}
const CLUSTER_ROLES: Resource<Role> = {
  ...rbac,
  plural: "clusterroles",
  kind: "ClusterRole",
  namespaced: false,
};
const CLUSTER_ROLE_BINDINGS: Resource<Binding> = {
  ...rbac,
  plural: "clusterrolebindings",
  kind: "ClusterRoleBinding",
  namespaced: false,
};

/** As the chart's: a server without Gateway API refuses by the role before it says that there is none. */
const RULES: Role["rules"] = [
  { apiGroups: [""], resources: ["services", "namespaces"], verbs: ["get", "list", "watch"] },
  {
    apiGroups: ["discovery.k8s.io"],
    resources: ["endpointslices"],
    verbs: ["get", "list", "watch"],
  },
  {
    apiGroups: ["networking.k8s.io"],
    resources: ["ingressclasses", "ingresses"],
    verbs: ["get", "list", "watch"],
  },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["update", "patch"] },
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["*"], verbs: ["get", "list", "watch"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: ["create"],
  },
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    resourceNames: ["warren-agent"],
    verbs: ["get", "update"],
  },
];

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

function kubeconfig(server: string): string {
  const cluster = { server, "insecure-skip-tls-verify": true };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "real", cluster }],
    users: [{ name: "agent", user: { token: "tester-token" } }],
    contexts: [{ name: "real", context: { cluster: "real", user: "agent" } }],
    "current-context": "real",
  });
}

describe.skipIf(programs === undefined)("on a kube-apiserver", { timeout: 120_000 }, () => {
  const fleet = new Fleet();
  let server: PrivateKubeApiserver;
  let kube: KubeClient;
  let gateway: GatewayOnStage;
  beforeAll(async () => {
    server = await privateKubeApiserver(programs!);
    const said = { userAgent: "test", fieldManager: "test", timeoutMs: CALL_TIMEOUT_MS };
    kube = kubeClient({ access: server.admin, clock: systemClock, ...said });
    await kube.create(NAMESPACES, { metadata: { name: "warren-system" } });
    const metadata = { name: "warren-agent" };
    await kube.create(CLUSTER_ROLES, { metadata, rules: RULES });
    await kube.create(CLUSTER_ROLE_BINDINGS, {
      metadata,
      roleRef: { apiGroup: rbac.group, kind: "ClusterRole", name: "warren-agent" },
      subjects: [{ kind: "ServiceAccount", namespace: "default", name: "tester" }],
    });
    gateway = await fleet.gateway({});
  }, 120_000);
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]();
    kube?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const flagsOf = async (podName: string) => {
    const { file } = await fleet.token();
    const path = join(fleet.folder, "kubeconfig");
    writeFileSync(path, kubeconfig(server.url));
    const flags = {
      "--gateway": `ws://127.0.0.1:${gateway.port}`,
      "--token-file": file,
      "--data": join(fleet.folder, podName),
      "--kubeconfig": path,
      "--pod-name": podName,
      "--pod-namespace": "warren-system",
    };
    return Object.entries(flags).flat();
  };
  const agent = async (podName: string) => {
    const cli = fleet.start(["agent", ...(await flagsOf(podName)), "--log-format", "json"]);
    await cli.says(/joined /);
    return cli;
  };
  const status = async (host = HOST) => (await ask({ port: gateway.port, host, path: "/" })).status;
  const becomes = (want: number, host = HOST) =>
    expect.poll(() => status(host), { timeout: LONG_MS }).toBe(want);
  const noted = async (name: string) => {
    const { items } = await kube.list(EVENTS, { ...EVERYTHING, namespace: "default" });
    const ours = items.filter(({ regarding }) => regarding?.name === name);
    return ours.map(({ reason }) => reason);
  };

  test("an Ingress is public, says so, and is gone when it is deleted", async () => {
    const place = address();
    await using app = await service(place ?? "127.0.0.1");
    const metadata = { namespace: "default", name: "my-app" };
    await kube.create(INGRESS_CLASSES, {
      metadata: { name: "warren" },
      spec: { controller: "warren.dev/ingress" },
    });
    await kube.create(SERVICES, {
      metadata,
      spec: { ports: [{ port: app.port, protocol: "TCP" }], sessionAffinity: "ClientIP" },
    });
    await kube.create(ENDPOINT_SLICES, {
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": "my-app" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [place ?? "192.0.2.1"], conditions: { ready: true } }],
      ports: [{ name: "", port: app.port, protocol: "TCP" }],
    });
    const ingress = ingressOf("my-app", HOST, app.port);
    const { spec } = ingress as { spec: object };
    await kube.create(INGRESSES, {
      metadata,
      spec: { ...spec, ingressClassName: "warren" },
    });
    const cli = await agent("agent-0");
    await becomes(place === undefined ? 502 : 200);
    const doctor = fleet.start(["agent", "doctor", "--json", ...(await flagsOf("agent-0"))]);
    const found = JSON.parse((await doctor.ended()).stdout) as Finding[];
    const rights = found.filter(({ check }) => /^(may|API server|clock|Lease|Ingress)/.test(check));
    expect(rights.length).toBeGreaterThan(8);
    expect(rights.filter(({ level }) => level !== "ok")).toEqual([]);
    await expect.poll(() => noted("my-app"), { timeout: LONG_MS }).not.toEqual([]);
    const lease = { namespace: "warren-system", name: "warren-agent" };
    expect((await kube.get(LEASES, lease))?.spec?.holderIdentity).toMatch(/^agent-0/);
    const shown = async () => (await kube.get(INGRESSES, metadata))?.status?.loadBalancer?.ingress;
    await expect.poll(shown, { timeout: LONG_MS }).not.toBeUndefined();
    await kube.create(INGRESSES, {
      metadata: { namespace: "default", name: "lost" },
      spec: (ingressOf("nowhere", "lost.example.com", 80) as { spec: object }).spec,
    });
    await expect.poll(() => noted("lost"), { timeout: LONG_MS }).not.toEqual([]);
    await kube.delete(INGRESSES, metadata, undefined);
    await becomes(404);
    expect(cli.stdout + cli.stderr).not.toMatch(/may not be|the role lacks/);
  });
});
