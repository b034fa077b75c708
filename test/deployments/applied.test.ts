// The folders as kubectl takes them, against an API server: applied, applied again, switched, deleted.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SECRETS } from "@warren/host/kube";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandsOf } from "./_kit/commands.ts";
import { openCluster, type Cluster } from "./_kit/cluster.ts";
import { kubectl, kustomizations } from "./_kit/folders.ts";

const FOLDER = "deployments/kubernetes/";
const OVERLAYS = "deployments/overlays";

describe.skipIf(kubectl === undefined)("kubectl", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster();
    serveCustomKinds(cluster);
    for (const name of ["whole", "switched", "homelab-services", "metallb-system", "flux-system"])
      cluster.api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  });
  afterAll(async () => cluster[Symbol.asyncDispose]());

  const names = async (namespace: string) =>
    (
      await cluster.kubectl(
        "get",
        "-n",
        namespace,
        "-o",
        "name",
        "serviceaccounts,configmaps,secrets,deployments,services,ingresses,hpa,networkpolicies,pdb",
      )
    )
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .sort();
  const spec = async (namespace: string, name: string) =>
    (
      JSON.parse(await cluster.kubectl("get", "-n", namespace, "-o", "json", name)) as {
        spec: Record<string, unknown>;
      }
    ).spec;

  test("apply -f takes the whole folder, any number of times, with the basic autoscaler", async () => {
    for (let round = 0; round < 2; round += 1) {
      await cluster.kubectl("apply", "-n", "whole", "-f", FOLDER);
      expect(await names("whole")).toEqual([
        "configmap/chat-config",
        "deployment.apps/chatbox-websocket",
        "horizontalpodautoscaler.autoscaling/chatbox-websocket-hpa",
        "ingress.networking.k8s.io/chatbox-websocket-ingress",
        "networkpolicy.networking.k8s.io/chatbox-netpol",
        "poddisruptionbudget.policy/chatbox-websocket-pdb",
        "secret/chat-secrets",
        "service/chatbox-websocket",
        "serviceaccount/chatbox-sa",
      ]);
      expect((await spec("whole", "hpa/chatbox-websocket-hpa"))["metrics"]).toHaveLength(2);
    }
  });

  test("hpa.yaml replaces it, and deployment.yaml puts it back", async () => {
    const before = await names("whole");
    await cluster.kubectl("apply", "-n", "whole", "-f", `${FOLDER}hpa.yaml`);
    expect((await spec("whole", "hpa/chatbox-websocket-hpa"))["metrics"]).toHaveLength(4);
    expect(await names("whole")).toEqual(before);
    await cluster.kubectl("apply", "-n", "whole", "-f", `${FOLDER}deployment.yaml`);
    expect((await spec("whole", "hpa/chatbox-websocket-hpa"))["metrics"]).toHaveLength(2);
  });

  test.each([
    { name: "the basic autoscaler", files: [FOLDER] },
    { name: "the advanced one", files: [FOLDER, `${FOLDER}hpa.yaml`] },
  ])(
    "delete -f takes all of it away again, with $name, and has nothing to object to",
    async ({ files }) => {
      for (const file of files) await cluster.kubectl("apply", "-n", "whole", "-f", file);
      const { code, err } = await cluster.run("kubectl", ["delete", "-n", "whole", "-f", FOLDER]);
      expect([code, err]).toEqual([0, ""]);
      expect(await names("whole")).toEqual([]);
    },
  );

  test.each(kustomizations())("apply -k takes %s", async (folder) => {
    await cluster.kubectl("apply", "-k", folder);
    await cluster.kubectl("delete", "-k", folder, "--ignore-not-found", "--wait=false");
  });

  test("k8s/base comes into a namespace that others live in, and goes, without touching them", async () => {
    const namespace = "homelab-services";
    const theirs = { apiVersion: "v1", kind: "Secret", metadata: { name: "theirs", namespace } };
    cluster.api.put(theirs);
    await cluster.kubectl("apply", "-f", "k8s/base/namespace.yaml");
    await cluster.kubectl("apply", "-k", "k8s/base");
    const { code, out, err } = await cluster.run("kubectl", ["delete", "-k", "k8s/base"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain('deployment.apps "messaging-service" deleted');
    expect(out).not.toMatch(/^namespace /m);
    expect(await names(namespace)).toEqual(["secret/theirs"]);
    const labels = await cluster.kubectl(
      ...`get namespace ${namespace} -o jsonpath={.metadata.labels}`.split(" "),
    );
    // Other people's pods may be less restricted.
    expect(labels).not.toContain("pod-security.kubernetes.io/enforce");
  });

  test("blue-green: the seed's patch switches, and applying the folder again does not switch back", async () => {
    const on = ["-n", "switched"];
    const selector = async () => (await spec("switched", "svc/chatbox-websocket"))["selector"];
    const patch = (version: string) =>
      cluster.kubectl(
        "patch",
        ...on,
        "svc",
        "chatbox-websocket",
        "-p",
        JSON.stringify({ spec: { selector: { version } } }),
      );
    await cluster.kubectl("apply", ...on, "-f", FOLDER);
    expect(await selector()).toEqual({ app: "chatbox" });
    await patch("v1");
    await cluster.kubectl("apply", ...on, "-k", `${OVERLAYS}/blue-green`);
    expect(await selector()).toEqual({ app: "chatbox", version: "v1" });
    await patch("v2");
    await cluster.kubectl("apply", ...on, "-f", FOLDER);
    expect(await selector()).toEqual({ app: "chatbox", version: "v2" });
    const [old, fresh] = [
      await spec("switched", "deploy/chatbox-websocket"),
      await spec("switched", "deploy/chatbox-websocket-v2"),
    ];
    expect([old["selector"], fresh["selector"]]).toEqual([
      { matchLabels: { app: "chatbox", version: "v1" } },
      { matchLabels: { app: "chatbox", version: "v2" } },
    ]);
    // The old one drains its sockets in its own time.
    expect(JSON.stringify(fresh)).toContain('"terminationGracePeriodSeconds":180');
  });

  test("the guide's way from an empty cluster: its commands make a Service and an Ingress for it", async () => {
    const from = commandsOf("docs/kubernetes.md");
    const lines = from.slice(0, from.findIndex(([word]) => word === "curl") + 1);
    const own = lines.filter(([word]) => word === "kubectl");
    expect(lines.filter(([word]) => word !== "X").length).toBe(10);
    writeFileSync(join(cluster.folder, "home.token"), "token");
    for (const [, ...words] of own) {
      // kubectl speaks protobuf where it makes an object by itself: as JSON it is the same one.
      const made = [...words, "--dry-run=client", "-o", "json"];
      const { out, err } = await cluster.run("kubectl", made, { cwd: cluster.folder });
      expect([words.join(" "), err]).toEqual([words.join(" "), ""]);
      const { metadata } = JSON.parse(out) as { metadata: { namespace?: string } };
      const on = metadata.namespace === undefined ? [] : ["-n", metadata.namespace];
      const { code } = await cluster.run("kubectl", ["create", ...on, "-f", "-"], { input: out });
      expect([words.join(" "), code]).toEqual([words.join(" "), 0]);
    }
    expect(await spec("default", "ingress/hello")).toMatchObject({
      ingressClassName: "traefik",
      rules: [
        {
          host: "hello.home.example.com",
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: "hello", port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    });
    expect(await spec("default", "service/hello")).toMatchObject({
      selector: { app: "hello" },
      ports: [{ port: 80 }],
    });
    expect(
      dataOf(cluster.api.get(SECRETS, { namespace: "warren", name: "warren-agent-token" })),
    ).toEqual({ token: "dG9rZW4=" });
  });

  test("canary: its pods are the Service's, and no other Deployment's", async () => {
    const [canary] = await cluster
      .kubectl("kustomize", `${OVERLAYS}/canary`)
      .then((text) => [text]);
    expect(canary).toMatch(/name: chatbox-websocket-canary/);
    expect(canary?.match(/version: canary/g)?.length).toBeGreaterThanOrEqual(3);
    expect(canary).not.toContain("version: v1");
  });
});

/** Those of the CRDs that our manifests need; the schemas are another test's. */
function serveCustomKinds({ api }: Cluster): void {
  const kinds = [
    ["metallb.io", "v1beta1", "ipaddresspools", "IPAddressPool"],
    ["metallb.io", "v1beta1", "l2advertisements", "L2Advertisement"],
    ["cert-manager.io", "v1", "certificates", "Certificate"],
    ["source.toolkit.fluxcd.io", "v1", "helmrepositories", "HelmRepository"],
    ["source.toolkit.fluxcd.io", "v1", "gitrepositories", "GitRepository"],
    ["helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease"],
  ] as const;
  for (const [group, version, plural, kind] of kinds)
    api.serve({ group, version, plural, kind, namespaced: true });
}

function dataOf(one: unknown): object {
  return (one as { data: object }).data;
}
