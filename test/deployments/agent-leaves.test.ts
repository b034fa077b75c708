// An agent's whole stay in a cluster: a kube-apiserver with Gateway API, the chart by the real helm, the agent and the
// chart's hook as processes with the accounts and the rights that the chart gives them. After `helm uninstall` the cluster is what it was.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubePrograms, privateKubeApiserver } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BIN, Cli } from "../../packages/warren/test/_cli.ts";
import { ask } from "../../packages/warren/test/_kit/ask.ts";
import { Fleet, freePort, type GatewayOnStage } from "../../packages/warren/test/_kit/fleet.ts";
import { commandsAt, type Commands } from "./_kit/cluster.ts";
import { commandsOf } from "./_kit/commands.ts";
import { kubectl } from "./_kit/folders.ts";
import { gatewayApiDefinitions } from "./_kit/gateway-api.ts";
import { CHART, exampleFlags, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf, type Pod } from "./_kit/pods.ts";
import { schemasFolder } from "./_kit/schemas.ts";
import { OBJECTS, THEIRS } from "./_kit/shared-cluster.ts";
import { environmentOf } from "./_kit/told.ts";
import type { Manifest } from "./_kit/validate.ts";

const LONG = { timeout: 60_000, interval: 300 };
/** All that agents may write to, and what the chart makes. */
const KINDS =
  "ingresses,gatewayclasses,gateways,listenersets,httproutes,backendtlspolicies,ingressclasses,leases,deployments,jobs,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets,roles,rolebindings";
const OF_CLUSTER = "clusterroles,clusterrolebindings";
const FLAGS = [
  ...exampleFlags("agent-values.yaml"),
  ...setFlags({ "agent.kube.createGatewayClass": true }),
];
const SAYING = "--subresource=status --type=merge --field-manager=other -p".split(" ");
const programs = kubePrograms();
const isThere =
  [programs, kubectl, helm, schemasFolder].every((one) => one !== undefined) && programs;

describe.skipIf(!isThere)("an agent that was installed by helm", { timeout: 180_000 }, () => {
  const opened = new AsyncDisposableStack();
  const fleet = opened.use(new Fleet());
  let there: object;
  let admin: Commands;
  let gateway: GatewayOnStage;
  let token: string;
  beforeAll(async () => {
    const { adminToken, url } = opened.use(await privateKubeApiserver(programs!));
    there = { server: url, "insecure-skip-tls-verify": true };
    admin = commandsAt(fleet.folder, there, adminToken);
    gateway = await fleet.gateway({});
    token = (await fleet.token()).file;
    await admin.kubectl("create", "namespace", RELEASE.namespace);
    await apply(gatewayApiDefinitions());
    await admin.kubectl("wait", "--for=condition=Established", "crd", "--all");
    await apply(OBJECTS);
    for (const [what, status] of THEIRS) await say(status, what);
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  async function apply(objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    const ran = await admin.run("kubectl", ["apply", "-f", "-"], { input });
    expect([ran.code, ran.err]).toEqual([0, ""]);
  }
  /** What another controller writes into a status. */
  const say = (status: object, ...what: string[]) =>
    admin.kubectl("patch", ...what, ...SAYING, JSON.stringify({ status }));
  const shown = (what: string, path: string) =>
    admin.kubectl("get", what, "-o", `jsonpath={${path}}`);
  const published = (name: string) =>
    shown(`httproute/${name}`, ".status.parents[*].conditions[?(@.reason=='Published')].status");
  const status = async (host: string) => (await ask({ port: gateway.port, host })).status;

  /** Every object, but for what counts its versions. */
  async function everything(): Promise<unknown[]> {
    const lists = await Promise.all([
      admin.kubectl("get", KINDS, "-A", "-o", "json"),
      admin.kubectl("get", OF_CLUSTER, "-l", "app.kubernetes.io/name=warren", "-o", "json"),
    ]);
    return lists
      .flatMap((text) => (JSON.parse(text) as { items: Manifest[] }).items)
      .filter(({ metadata }) => metadata.namespace !== "kube-system") // the server's own Lease
      .map((one) => ({ ...one, metadata: { ...one.metadata, resourceVersion: "" } }));
  }

  /** The process of a pod, with what its container is told and its account's token. */
  async function run(pod: Pod, objects: readonly Manifest[]): Promise<Cli> {
    const [container] = pod.spec.containers;
    const account = pod.spec.serviceAccountName!;
    const bearer = await admin.kubectl("create", "token", account, "-n", RELEASE.namespace);
    const kubeconfig = join(fleet.folder, `${account}.kubeconfig`);
    writeFileSync(kubeconfig, configOf(there, bearer.trim()));
    const env = {
      ...environmentOf(container!, objects),
      WARREN_DATA: join(fleet.folder, account),
      WARREN_GATEWAY: `ws://127.0.0.1:${gateway.port}`,
      WARREN_TOKEN_FILE: token,
      WARREN_AGENT_ADMIN_PORT: String(await freePort()),
      WARREN_KUBECONFIG: kubeconfig,
    };
    return new Cli([process.execPath, BIN, ...container!.args!], { env, cwd: fleet.folder });
  }

  const release = [RELEASE.name, "-n", RELEASE.namespace];
  async function installed(): Promise<Cli> {
    const ran = await admin.run("helm", ["install", ...release, CHART, ...FLAGS]);
    expect([ran.code, ran.err]).toEqual([0, ""]);
    const objects = await render(FLAGS, "newest");
    const agent = await run(podsOf(objects)[0]!, objects);
    await agent.says(/"joined|joined /);
    await expect
      .poll(() => shown("ingress/mine", ".status.loadBalancer.ingress"), LONG)
      .not.toBe("");
    for (const name of ["one", "two"]) await expect.poll(() => published(name), LONG).toBe("True");
    for (const what of ["gateway/edge", "gatewayclass/own"]) {
      const accepted = ".status.conditions[?(@.type=='Accepted')].status";
      await expect.poll(() => shown(what, accepted), LONG).toBe("True");
    }
    return agent;
  }

  const JOB = `job/${RELEASE.name}-warren-agent-leave`;
  /** Of the chart's hook, as soon as helm has made it. */
  async function hook(): Promise<Manifest> {
    const words = ["get", JOB, "-n", RELEASE.namespace, "-o", "json", "--ignore-not-found"];
    await expect.poll(() => admin.kubectl(...words), LONG).not.toBe("");
    return JSON.parse(await admin.kubectl(...words)) as Manifest;
  }

  test("leaves nothing when helm uninstalls it, by the chart's hook", async () => {
    const before = await everything();
    const agent = await installed();
    const uninstalling = admin.run("helm", ["uninstall", ...release]);
    const [pod] = podsOf([await hook()]);
    // As kubelets do with pods of a Deployment that is gone, and with the Job's: it waits for the agent.
    const leaving = await run(pod!, []);
    await leaving.says(/waiting for pod-0_\w+, which leads/);
    await ended(agent);
    const left = await leaving.ended();
    expect([left.code, left.stdout]).toEqual([0, expect.not.stringMatching(/^(fail|warn)/m)]);
    await say(done("SuccessCriteriaMet", "Complete"), JOB, "-n", RELEASE.namespace);
    const ran = await uninstalling;
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(await everything()).toEqual(before);
    expect(await status("mine.example.com")).toBe(404);
  });

  test("is uninstalled also where the hook fails, which says so and leaves no rights behind", async () => {
    const before = await everything();
    const installing = await admin.run("helm", ["install", ...release, CHART, ...FLAGS]);
    expect([installing.code, installing.err]).toEqual([0, ""]);
    const uninstalling = admin.run("helm", ["uninstall", ...release]);
    await hook();
    await say(done("FailureTarget", "Failed"), JOB, "-n", RELEASE.namespace);
    const ran = await uninstalling;
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining("completed with 1 error(s)")]);
    const { code } = await admin.run("helm", ["status", ...release]);
    expect(code).toBe(1);
    await admin.kubectl("delete", JOB, "-n", RELEASE.namespace);
    expect(await everything()).toEqual(before);
  });

  test("leaves nothing where a namespace of its own is gone", async () => {
    const before = await everything();
    for (const name of ["team-a", "team-b"]) await admin.kubectl("create", "namespace", name);
    const flags = [...FLAGS, ...setFlags({ "agent.kube.namespaces": ["team-a", "team-b"] })];
    const installing = await admin.run("helm", ["install", ...release, CHART, ...flags]);
    expect([installing.code, installing.err]).toEqual([0, ""]);
    for (const name of ["team-a", "team-b"]) await emptied(name);
    const uninstalling = admin.run("helm", ["uninstall", ...release]);
    const [pod] = podsOf([await hook()]);
    const leaving = await run(pod!, []);
    const left = await leaving.ended();
    expect([left.code, left.stdout]).toEqual([0, expect.not.stringMatching(/^(fail|warn)/m)]);
    await say(done("SuccessCriteriaMet", "Complete"), JOB, "-n", RELEASE.namespace);
    const ran = await uninstalling;
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(await everything()).toEqual(before);
  });

  /** As a namespace's controller does with one that is deleted. */
  async function emptied(name: string): Promise<void> {
    await admin.kubectl("delete", "role,rolebinding", "--all", "-n", name);
    await admin.kubectl("delete", "namespace", name, "--wait=false");
    const found = await admin.kubectl("get", "namespace", name, "-o", "json");
    const namespace = JSON.parse(found) as { spec: object };
    const input = JSON.stringify({ ...namespace, spec: { finalizers: [] } });
    const path = `/api/v1/namespaces/${name}/finalize`;
    const ran = await admin.run("kubectl", ["replace", "--raw", path, "-f", "-"], { input });
    expect([ran.code, ran.err]).toEqual([0, ""]);
  }

  test("is not left by a Job that was made while it is there", async () => {
    const agent = await installed();
    const objects = await render(FLAGS, "newest");
    await apply(objects.filter(ofJob));
    await ended(agent);
    const shownBefore = await shown("ingress/mine", ".status.loadBalancer.ingress");
    const leaving = await run(
      podsOf(objects).find(({ of }) => of.startsWith("Job "))!,
      [],
    );
    const left = await leaving.ended();
    expect([left.code, left.stdout]).toEqual([
      1,
      expect.stringContaining("is there: nothing was touched"),
    ]);
    expect(await shown("ingress/mine", ".status.loadBalancer.ingress")).toBe(shownBefore);
    const ran = await admin.run("helm", ["uninstall", ...release, "--no-hooks"]);
    expect([ran.code, ran.err]).toEqual([0, ""]);
    const all = [KINDS, OF_CLUSTER].join(",");
    const ofPart = ["-l", "app.kubernetes.io/component=agent-leave"];
    await admin.kubectl("delete", all, "-n", RELEASE.namespace, ...ofPart);
    const cleaned = await admin.run(process.execPath, [BIN, ...byTheGuide(gateway.port, token)], {
      cwd: fleet.folder,
    });
    expect(cleaned.code).toBe(0);
  });

  test("leaves nothing once a person has run the command, where helm was told to run no hook", async () => {
    const before = await everything();
    const agent = await installed();
    const ran = await admin.run("helm", ["uninstall", ...release, "--no-hooks"]);
    expect([ran.code, ran.err]).toEqual([0, ""]);
    await ended(agent);
    expect(await everything()).not.toEqual(before);
    const left = await admin.run(process.execPath, [BIN, ...byTheGuide(gateway.port, token)], {
      cwd: fleet.folder,
    });
    expect([left.code, left.out]).toEqual([0, expect.not.stringMatching(/^(fail|warn)/m)]);
    expect(await everything()).toEqual(before);
    expect(await status("mine.example.com")).toBe(404);
  });
});

const ofJob = ({ metadata }: Manifest) =>
  metadata.labels?.["app.kubernetes.io/component"] === "agent-leave";

/** The guide's command, where this test has what it names. */
function byTheGuide(port: number, token: string): string[] {
  const commands = commandsOf("docs/kubernetes.md").map((words) =>
    words.slice(words.indexOf("agent")),
  );
  const [words] = commands.filter(([agent, leave]) => agent === "agent" && leave === "leave");
  const here: Record<string, string> = {
    "--kubeconfig": "kubeconfig",
    "--kube-lease": `${RELEASE.namespace}/${RELEASE.name}-warren-agent`,
    "--gateway": `ws://127.0.0.1:${port}`,
    "--token-file": token,
  };
  return words!.map((word, at) => here[words![at - 1]!] ?? word);
}

async function ended(agent: Cli): Promise<void> {
  agent.signal("SIGTERM");
  await agent.ended();
  await agent[Symbol.asyncDispose]();
}

/** What a controller says of a Job that is over. */
function done(...types: readonly string[]): object {
  const at = new Date().toISOString().replace(/\.\d+/, "");
  const isComplete = types.includes("Complete");
  return {
    startTime: at,
    ...(isComplete ? { completionTime: at, succeeded: 1 } : { failed: 1 }),
    conditions: types.map((type) => ({
      type,
      status: "True",
      lastProbeTime: at,
      lastTransitionTime: at,
    })),
  };
}

function configOf(cluster: object, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "real", cluster }],
    users: [{ name: "pod", user: { token } }],
    contexts: [{ name: "real", context: { cluster: "real", user: "pod" } }],
    "current-context": "real",
  });
}
