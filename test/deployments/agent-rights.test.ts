// An agent on a kube-apiserver, as the ServiceAccount of the chart and with the chart's rights alone.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubePrograms, privateKubeApiserver } from "@warren/host/testing";
import { stringify } from "yaml";
import { expect, test } from "vitest";
import { BIN, Cli } from "../../packages/warren/test/_cli.ts";
import { Fleet, freePort } from "../../packages/warren/test/_kit/fleet.ts";
import { commandsAt, type Commands } from "./_kit/cluster.ts";
import { kubectl } from "./_kit/folders.ts";
import { exampleFlags, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf } from "./_kit/pods.ts";
import { environmentOf } from "./_kit/told.ts";

const RIGHTS = /^(ServiceAccount|IngressClass|(Cluster)?Role(Binding)?)$/;
const LONG = { timeout: 30_000 };
const named = (name: string, namespace = "default") => ({ name, namespace });
const APP = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: named("app"),
    spec: { ports: [{ port: 80, protocol: "TCP" }] },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...named("app"), labels: { "kubernetes.io/service-name": "app" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["192.0.2.1"], conditions: { ready: true } }],
    ports: [{ name: "", port: 80, protocol: "TCP" }],
  },
];

const programs = kubePrograms();

test.skipIf(programs === undefined || kubectl === undefined || helm === undefined).each([
  { name: "all namespaces", values: {} },
  {
    name: "one namespace and its Secrets",
    values: {
      "agent.kube.namespaces": ["default"],
      "agent.kube.controllerNamespaces": ["kube-system"],
      "agent.kube.tlsSecrets": true,
    },
  },
])(
  "an agent of $name leads, publishes, says so, and misses no right",
  async ({ values }) => {
    await using fleet = new Fleet();
    await using server = await privateKubeApiserver(programs!);
    const there = { server: server.url, "insecure-skip-tls-verify": true };
    const admin = commandsAt(fleet.folder, there, server.adminToken);
    const flags = [...exampleFlags("agent-values.yaml"), ...setFlags(values)];
    const objects = await render(flags, "newest");
    const [pod] = podsOf(objects);
    const container = pod!.spec.containers[0]!;
    await admin.kubectl("create", "namespace", RELEASE.namespace);
    await apply(admin, [...objects.filter(({ kind }) => RIGHTS.test(kind)), ...APP]);
    const rule = "--rule=app.example.com/*=app:80";
    await admin.kubectl("create", "ingress", "app", "--class=warren", rule);

    const account = pod!.spec.serviceAccountName!;
    const token = await admin.kubectl("create", "token", account, "-n", RELEASE.namespace);
    const kubeconfig = join(fleet.folder, "agent.kubeconfig");
    writeFileSync(kubeconfig, configOf(there, token.trim()));
    const gateway = await fleet.gateway({});
    const env = {
      ...environmentOf(container, objects),
      WARREN_DATA: join(fleet.folder, "agent"),
      WARREN_GATEWAY: `ws://127.0.0.1:${gateway.port}`,
      WARREN_TOKEN_FILE: (await fleet.token()).file,
      WARREN_AGENT_ADMIN_PORT: String(await freePort()),
      WARREN_KUBECONFIG: kubeconfig,
    };
    await using agent = new Cli([process.execPath, BIN, ...container.args!], {
      env,
      cwd: fleet.folder,
    });
    await agent.says(/"joined|joined /);
    const said = (...words: string[]) => admin.kubectl("get", ...words);
    await expect
      .poll(() => said("ingress", "app", "-o", "jsonpath={.status.loadBalancer.ingress}"), LONG)
      .not.toBe("");
    await expect.poll(() => said("events.events.k8s.io", "-o", "name"), LONG).toMatch(/app/);
    const holder = "jsonpath={.spec.holderIdentity}";
    expect(await said("lease", account, "-n", RELEASE.namespace, "-o", holder)).toMatch(/^pod-0/);
    expect(agent.stdout + agent.stderr).not.toMatch(/may not be|the role lacks|forbidden/i);
  },
  120_000,
);

async function apply(cluster: Commands, objects: readonly object[]): Promise<void> {
  const input = objects.map((one) => stringify(one)).join("---\n");
  const ran = await cluster.run("kubectl", ["apply", "-f", "-"], { input });
  expect([ran.code, ran.err]).toEqual([0, ""]);
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
