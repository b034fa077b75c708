// What Kubernetes itself says to the manifests and the chart: its API server with its admission, where one has been
// built (.ci/kube). Every namespace but homelab-services enforces Pod Security "restricted".
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openKubeApiserver, programs, type Commands } from "./_kit/cluster.ts";
import { commandsOf } from "./_kit/commands.ts";
import { built, kubectl, kustomizations } from "./_kit/folders.ts";
import {
  CHART,
  exampleFlags,
  EXAMPLES,
  helm,
  LONGEST,
  RELEASE,
  render,
  setFlags,
} from "./_kit/helm.ts";
import { podsOf } from "./_kit/pods.ts";
import { accessReview } from "./_kit/rbac.ts";
import type { Manifest } from "./_kit/validate.ts";

const FOLDER = "deployments/kubernetes/";
const SECRETS = "deployments/kubernetes/create-secrets.sh";
const KINDS = "sa,cm,secret,deploy,svc,ing,hpa,netpol,pdb";
const NAMESPACES = "whole saved elsewhere apps shop warren metallb-system".split(" ");
const AGENT = { namespace: RELEASE.namespace, name: `${RELEASE.name}-warren-agent` };
const LEASES = "leases.coordination.k8s.io";
/** What everything-values.yaml wants its pods to be. */
const HIGH: Manifest = {
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  metadata: { name: "high" },
  value: 1_000,
};

describe.skipIf(programs === undefined || kubectl === undefined)("a kube-apiserver", () => {
  const opened = new AsyncDisposableStack();
  let cluster: Commands;
  beforeAll(async () => {
    cluster = await openKubeApiserver(opened);
    await apply([...[...NAMESPACES, RELEASE.namespace].map(restricted), HIGH], []);
    await cluster.kubectl("apply", "-f", "k8s/base/namespace.yaml");
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  /** Rejects with what kubectl says, warnings too. */
  async function apply(objects: readonly Manifest[], words: readonly string[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    const ran = await cluster.run("kubectl", ["apply", ...words, "-f", "-"], { input });
    expect([ran.code, ran.err]).toEqual([0, ""]);
  }

  const run = (verb: string, name: string, flags: readonly string[]) =>
    cluster.run("helm", [verb, name, CHART, "-n", "default", ...flags]);
  const names = async (namespace: string) =>
    (await cluster.kubectl("get", "-n", namespace, "-o", "name", KINDS))
      .split("\n")
      .filter((line) => line !== "")
      .sort();

  test.each([
    { name: "the basic autoscaler", more: [] },
    { name: "the advanced one", more: [`${FOLDER}hpa.yaml`] },
  ])(
    "takes the plain folder, any number of times, with $name, and gives it up",
    async ({ more }) => {
      for (const file of [FOLDER, FOLDER, ...more]) {
        const ran = await cluster.run("kubectl", ["apply", "-n", "whole", "-f", file]);
        expect([ran.code, ran.err]).toEqual([0, ""]);
      }
      expect(await names("whole")).toHaveLength(9);
      const ran = await cluster.run("kubectl", ["delete", "-n", "whole", "-f", FOLDER]);
      expect([ran.code, ran.err]).toEqual([0, ""]);
      expect(await names("whole")).toEqual([]);
    },
  );

  test("keeps the secrets that were made, saves them and the advanced autoscaler, and has them elsewhere", async () => {
    const data = async (namespace: string) =>
      cluster.kubectl("get", "-n", namespace, "secret/chat-secrets", "-o", "jsonpath={.data}");
    await cluster.kubectl("apply", "-n", "saved", "-f", FOLDER);
    expect(await cluster.run(SECRETS, ["saved"])).toMatchObject({ code: 0, err: "" });
    const made = await data("saved");
    expect(Object.keys(JSON.parse(made) as object)).toEqual(["ENCRYPTION_KEY", "JWT_SECRET"]);
    await cluster.kubectl("apply", "-n", "saved", "-f", FOLDER);
    await cluster.run(SECRETS, ["saved"]);
    expect(await data("saved")).toBe(made);
    await cluster.kubectl("apply", "-n", "saved", "-f", `${FOLDER}hpa.yaml`);
    const metrics = (namespace: string) =>
      cluster.kubectl("get", "-n", namespace, "hpa", "-o", "jsonpath={.items[*].spec.metrics}");
    expect(await metrics("saved")).toContain("chatbox_active_sessions_total");
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    for (const [script, ...words] of [
      ["backup.sh", "saved", join(folder.path, "b")],
      ["restore.sh", join(folder.path, "b"), "elsewhere"],
    ] as const)
      expect(await cluster.run(FOLDER + script, words)).toMatchObject({ code: 0, err: "" });
    expect(await data("elsewhere")).toBe(made);
    expect(await names("elsewhere")).toEqual(await names("saved"));
    expect(await metrics("elsewhere")).toBe(await metrics("saved"));
    const ran = await cluster.run("kubectl", ["delete", "-n", "elsewhere", "-f", FOLDER]);
    expect([ran.code, ran.err, await names("elsewhere")]).toEqual([0, "", []]);
  });

  test("lets others run their pods beside the messaging service, with a warning", async () => {
    const words = "run theirs --image=busybox -n homelab-services --dry-run=server".split(" ");
    const { code, err } = await cluster.run("kubectl", words);
    expect([code, err]).toEqual([0, expect.stringContaining("would violate PodSecurity")]);
  });

  test("would take the pod that the guide looks at a volume with", async () => {
    const [words] = commandsOf("docs/kubernetes.md").filter(
      ([program, verb]) => program === "kubectl" && verb === "run",
    );
    const ran = await cluster.run("kubectl", [
      ...words!.slice(1),
      "-n",
      "whole",
      "--dry-run=server",
    ]);
    expect([ran.code, ran.err]).toEqual([0, ""]);
  });

  test.each(kustomizations())("would take what kustomize builds of %s", async (folder) => {
    await wouldTake(built(folder), "whole");
  });

  test.skipIf(helm === undefined).each(EXAMPLES)("would take the chart with %s", async (name) => {
    await wouldTake(await render(exampleFlags(name), "newest"), RELEASE.namespace);
  });

  describe.skipIf(helm === undefined)("an agent with the chart's rights in two namespaces", () => {
    const [release, apps] = [[RELEASE.namespace], ["apps"]];
    const RULES = [
      { what: "watch ingresses.networking.k8s.io", yes: ["apps", "shop"], no: ["elsewhere"] },
      { what: "watch ingresses.networking.k8s.io", yes: [], no: ["whole", ""] },
      { what: "update ingresses.networking.k8s.io/status", yes: apps, no: ["elsewhere"] },
      { what: "list services", yes: ["apps", "elsewhere"], no: ["whole", "kube-system", ""] },
      { what: "list endpointslices.discovery.k8s.io", yes: ["shop"], no: ["elsewhere"] },
      { what: "create events.events.k8s.io", yes: apps, no: ["elsewhere"] },
      { what: "get secrets", yes: [], no: ["apps", RELEASE.namespace, "kube-system", ""] },
      { what: "create leases.coordination.k8s.io", yes: release, no: ["apps", "kube-system"] },
      { what: `update ${LEASES} edge-warren-agent`, yes: release, no: ["kube-system"] },
      { what: `update ${LEASES} another`, yes: [], no: release },
      { what: "delete ingresses.networking.k8s.io", yes: [], no: apps },
      { what: "update ingresses.networking.k8s.io", yes: [], no: apps },
      { what: "watch ingressclasses.networking.k8s.io", yes: [""], no: [] },
      { what: "list namespaces", yes: [""], no: [] },
      { what: "get nodes", yes: [], no: [""] },
      { what: "create namespaces", yes: [], no: [""] },
    ];
    let allowed: Map<string, boolean>;
    beforeAll(async () => {
      const values = { namespaces: ["apps", "shop"], controllerNamespaces: ["elsewhere"] };
      const flags = [...exampleFlags("agent-values.yaml"), ...setFlags({ "agent.kube": values })];
      const objects = await render(flags, "newest");
      await apply(
        objects.filter(
          ({ apiVersion, kind }) => apiVersion.startsWith("rbac.") || kind === "ServiceAccount",
        ),
        [],
      );
      const asked = RULES.flatMap(({ what, yes, no }) =>
        [...yes, ...no].map((namespace) => ({ what, namespace })),
      );
      // All in one go: a `kubectl auth can-i` of each takes seconds.
      const input = JSON.stringify({
        apiVersion: "v1",
        kind: "List",
        items: asked.map(({ what, namespace }) => accessReview(AGENT, what, namespace)),
      });
      const words = ["create", "-f", "-", "-o", 'jsonpath={.status.allowed}{"\\n"}'];
      const { out, err } = await cluster.run("kubectl", words, { input });
      const answers = out.trim().split("\n");
      expect([answers.length, err]).toEqual([asked.length, ""]);
      allowed = new Map(
        asked.map(({ what, namespace }, i) => [keyOf(what, namespace), answers[i] === "true"]),
      );
    });

    test.each(RULES)("may $what: in $yes, not in $no", ({ what, yes, no }) => {
      for (const namespace of yes) expect(allowed.get(keyOf(what, namespace))).toBe(true);
      for (const namespace of no) expect(allowed.get(keyOf(what, namespace))).toBe(false);
    });
  });

  describe.skipIf(helm === undefined)("helm", () => {
    test("changes a variable of one's own, and gives it back to the chart", async () => {
      const flags = exampleFlags("gateway-values.yaml");
      const levels = async (verb: string, extraEnv: unknown) => {
        const ran = await run(verb, "own-warren", [
          ...flags,
          ...setFlags({ "gateway.extraEnv": extraEnv, "gateway.persistence.enabled": false }),
        ]);
        expect([ran.code, ran.err]).toEqual([0, ""]);
        const path = '{.spec.template.spec.containers[0].env[?(@.name=="WARREN_LOG_LEVEL")].value}';
        return cluster.kubectl("get", "deploy/own-warren-gateway", "-o", `jsonpath=${path}`);
      };
      const own = { name: "WARREN_LOG_LEVEL" };
      expect(await levels("install", [{ ...own, value: "debug" }])).toBe("debug");
      expect(await levels("upgrade", [{ ...own, value: "warn" }])).toBe("warn");
      expect(await levels("upgrade", null)).toBe("info");
      await cluster.run("helm", ["uninstall", "own-warren", "-n", "default"]);
    });

    test("installs, upgrades, says which values a claim has for good, and leaves the claims", async () => {
      const flags = [
        ...exampleFlags("chat-small-values.yaml"),
        ...setFlags({ "gateway.enabled": true }),
      ];
      const change = (values: Readonly<Record<string, unknown>>) => [...flags, ...setFlags(values)];
      const installed = await run("install", LONGEST, flags);
      expect([installed.code, installed.err]).toEqual([0, ""]);
      const changed = { "image.tag": "0.2.0", "chat.version": "2", "commonLabels.team": "1" };
      const upgraded = await run("upgrade", LONGEST, change(changed));
      expect([upgraded.code, upgraded.err]).toEqual([0, ""]);
      const other = await run(
        "upgrade",
        LONGEST,
        change({ "chat.persistence.accessMode": "ReadWriteMany" }),
      );
      expect([other.code, other.err]).toEqual([
        1,
        expect.stringMatching(/chatbox-websocket-data.*(immutable|Forbidden)/s),
      ]);
      const removed = await cluster.run("helm", ["uninstall", LONGEST, "-n", "default"]);
      expect(removed.code).toBe(0);
      const left = await cluster.kubectl("get", "deploy,svc,pvc", "-o", "name");
      expect(left.trim().split("\n").sort()).toEqual([
        "persistentvolumeclaim/chatbox-websocket-data",
        expect.stringMatching(/^persistentvolumeclaim\/warren-.*-gateway-data$/),
        "service/kubernetes",
      ]);
    });
  });

  /** Of a pod's template it only warns: so each is asked for as a pod, too. */
  async function wouldTake(objects: readonly Manifest[], namespace: string): Promise<void> {
    const pods = podsOf(objects).map(({ labels, spec }, i) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `pod-${i}`, namespace, labels: { ...labels } },
      spec: { ...spec, timeoutSeconds: undefined, containerConcurrency: undefined },
    }));
    const native = objects.filter(({ apiVersion }) => NATIVE.test(apiVersion));
    const all = [...native, ...(pods as unknown as Manifest[])];
    if (all.length > 0) await apply(all, ["--dry-run=server"]);
  }
});

const NATIVE =
  /^(v1|(apps|autoscaling|policy)\/v\d|(networking|rbac\.authorization)\.k8s\.io\/v1)$/;

function restricted(name: string): Manifest {
  const modes = ["enforce", "warn"].map((mode) => [
    `pod-security.kubernetes.io/${mode}`,
    "restricted",
  ]);
  const labels = Object.fromEntries(modes) as Record<string, string>;
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

function keyOf(what: string, namespace: string): string {
  return `${what} in ${namespace}`;
}
