// What Kubernetes itself says to the manifests and the chart: its API server with its admission, where one has been
// built (.ci/kube). Every namespace enforces Pod Security "restricted".
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubePrograms, privateKubeApiserver } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandsAt, type Commands } from "./_kit/cluster.ts";
import { built, kubectl, kustomizations } from "./_kit/folders.ts";
import { exampleFlags, EXAMPLES, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf } from "./_kit/pods.ts";
import type { Manifest } from "./_kit/validate.ts";

const FOLDER = "deployments/kubernetes/";
const SECRETS = "deployments/kubernetes/create-secrets.sh";
const KINDS = "sa,cm,secret,deploy,svc,ing,hpa,netpol,pdb";
const NAMESPACES = "whole saved elsewhere apps shop homelab-services warren metallb-system".split(
  " ",
);
/** What everything-values.yaml wants its pods to be. */
const HIGH: Manifest = {
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  metadata: { name: "high" },
  value: 1_000,
};
const programs = kubePrograms();

describe.skipIf(programs === undefined || kubectl === undefined)("a kube-apiserver", () => {
  const opened = new AsyncDisposableStack();
  let cluster: Commands;
  beforeAll(async () => {
    const home = opened.use(mkdtempDisposableSync(join(tmpdir(), "warren-")));
    const { url, adminToken } = opened.use(await privateKubeApiserver(programs!));
    const there = { server: url, "insecure-skip-tls-verify": true };
    cluster = commandsAt(home.path, there, adminToken);
    await apply([...[...NAMESPACES, RELEASE.namespace].map(restricted), HIGH], []);
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  /** Rejects with what kubectl says, warnings too. */
  async function apply(objects: readonly Manifest[], words: readonly string[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    const ran = await cluster.run("kubectl", ["apply", ...words, "-f", "-"], { input });
    expect([ran.code, ran.err]).toEqual([0, ""]);
  }

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

  test("keeps the secrets that were made, saves them, and has them elsewhere", async () => {
    const data = async (namespace: string) =>
      cluster.kubectl("get", "-n", namespace, "secret/chat-secrets", "-o", "jsonpath={.data}");
    await cluster.kubectl("apply", "-n", "saved", "-f", FOLDER);
    expect(await cluster.run(SECRETS, ["saved"])).toMatchObject({ code: 0, err: "" });
    const made = await data("saved");
    expect(Object.keys(JSON.parse(made) as object)).toEqual(["ENCRYPTION_KEY", "JWT_SECRET"]);
    await cluster.kubectl("apply", "-n", "saved", "-f", FOLDER);
    await cluster.run(SECRETS, ["saved"]);
    expect(await data("saved")).toBe(made);
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    for (const [script, ...words] of [
      ["backup.sh", "saved", join(folder.path, "b")],
      ["restore.sh", join(folder.path, "b"), "elsewhere"],
    ] as const)
      expect(await cluster.run(FOLDER + script, words)).toMatchObject({ code: 0, err: "" });
    expect(await data("elsewhere")).toBe(made);
    expect(await names("elsewhere")).toEqual(await names("saved"));
  });

  test.each(kustomizations())("would take what kustomize builds of %s", async (folder) => {
    await wouldTake(built(folder), "whole");
  });

  test.skipIf(helm === undefined).each(EXAMPLES)("would take the chart with %s", async (name) => {
    await wouldTake(await render(exampleFlags(name), "newest"), RELEASE.namespace);
  });

  describe.skipIf(helm === undefined)("an agent with the chart's rights in two namespaces", () => {
    const account = `system:serviceaccount:${RELEASE.namespace}:${RELEASE.name}-warren-agent`;
    const may = async (...words: string[]) =>
      (
        await cluster.run("kubectl", [
          "auth",
          "can-i",
          ...words.join(" ").split(" "),
          "--as",
          account,
        ])
      ).code === 0;
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
    });

    test.each([
      { verb: "watch", of: "ingresses", yes: ["apps", "shop"], no: ["elsewhere", "whole"] },
      { verb: "update", of: "ingresses --subresource=status", yes: ["apps"], no: ["elsewhere"] },
      { verb: "list", of: "services", yes: ["apps", "elsewhere"], no: ["whole", "kube-system"] },
      { verb: "list", of: "endpointslices", yes: ["shop"], no: ["elsewhere"] },
      { verb: "create", of: "events.events.k8s.io", yes: ["apps"], no: ["elsewhere"] },
      { verb: "get", of: "secrets", yes: [], no: ["apps", RELEASE.namespace, "kube-system"] },
      { verb: "create", of: "leases", yes: [RELEASE.namespace], no: ["apps", "kube-system"] },
      {
        verb: "update",
        of: "leases/edge-warren-agent",
        yes: [RELEASE.namespace],
        no: ["kube-system"],
      },
      { verb: "update", of: "leases/another", yes: [], no: [RELEASE.namespace] },
      { verb: "delete", of: "ingresses", yes: [], no: ["apps"] },
      { verb: "update", of: "ingresses", yes: [], no: ["apps"] },
    ])("$verb $of: in $yes, not in $no", async ({ verb, of, yes, no }) => {
      for (const namespace of yes) expect(await may(verb, of, "-n", namespace)).toBe(true);
      for (const namespace of no) expect(await may(verb, of, "-n", namespace)).toBe(false);
    });

    test.each([
      { words: ["watch", "ingressclasses"], want: true },
      { words: ["list", "namespaces"], want: true },
      { words: ["get", "nodes"], want: false },
      { words: ["list", "services", "-A"], want: false },
      { words: ["list", "ingresses", "-A"], want: false },
      { words: ["create", "namespaces"], want: false },
    ])("of the whole cluster: $words", async ({ words, want }) => {
      expect(await may(...words)).toBe(want);
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
