// People meet the double through kubectl, whose errors and look-ups no client of ours makes.
import { execFile } from "node:child_process";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { CONFIG_MAPS, INGRESSES, SERVICES, type Resource } from "../src/kube/index.ts";
import { programPath, startKubeApi, type KubeApi, type Manifest } from "../src/testing/index.ts";
import { paths } from "./_kube-server.ts";

const program = programPath("kubectl");
const run = promisify(execFile);

const DEPLOYMENTS: Resource = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};
const web = { namespace: "apps", name: "web" };

const manifests = (image: string, port: number) => [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "apps" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: web, data: { image } },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: web,
    spec: { selector: { app: "web" }, ports: [{ name: "http", port }] },
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: web,
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          containers: [
            { name: "web", image },
            { name: "side", image: "side:1" },
          ],
        },
      },
    },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: web,
    spec: { rules: [{ host: "a.example", http: { paths } }] },
  },
];

/** kubectl against this server, and a folder of files for it. */
function kubectl(api: KubeApi) {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-kubectl-"));
  onTestFinished(() => folder.remove());
  const file = (name: string, objects: readonly object[]) => {
    const path = join(folder.path, name);
    writeFileSync(path, objects.map((object) => JSON.stringify(object)).join("\n"));
    return path;
  };
  const flags = [`--server=${api.url}`, "--kubeconfig=/dev/null", `--cache-dir=${folder.path}`];
  const call = async (...words: string[]) => {
    const { stdout } = await run(program!, [...words, ...flags]);
    return stdout.trimEnd().split("\n");
  };
  return { call, file };
}

const imagesOf = (api: KubeApi) => {
  const spec = (api.get(DEPLOYMENTS, web) as unknown as { spec: Record<string, unknown> }).spec;
  const { template } = spec as { template: { spec: { containers: { image: string }[] } } };
  return template.spec.containers.map(({ image }) => image);
};

describe.skipIf(program === undefined)("kubectl", () => {
  test("applies files, changes what changed in them, and deletes them", async () => {
    await using api = await startKubeApi();
    const { call, file } = kubectl(api);
    const one = file("one.yaml", manifests("web:1", 80));
    const apply = ["apply", "--validate=false", "-f"];
    expect(await call(...apply, one)).toEqual([
      "namespace/apps created",
      "configmap/web created",
      "service/web created",
      "deployment.apps/web created",
      "ingress.networking.k8s.io/web created",
    ]);
    const again = await call(...apply, one);
    expect(again.map((line) => line.split(" ")[1])).toEqual(Array(5).fill("unchanged"));
    const second = await call(...apply, file("two.yaml", manifests("web:2", 81)));
    expect(second.filter((line) => line.endsWith("configured")).length).toBe(3);
    // Lists of containers and ports are merged by their keys, as a server merges them.
    expect(imagesOf(api)).toEqual(["web:2", "side:1"]);
    expect(api.get(SERVICES, web)?.spec?.ports?.map(({ port }) => port)).toEqual([81]);
    await call("delete", "--timeout=20s", "-f", one);
    expect(api.all(DEPLOYMENTS, "apps")).toEqual([]);
  });

  test("applies on the server's side, and shows its conflicts", async () => {
    await using api = await startKubeApi();
    const { call, file } = kubectl(api);
    const apply = ["apply", "--server-side", "--validate=false", "-f"];
    const one = file("one.yaml", manifests("web:1", 80));
    const lines = await call(...apply, one);
    expect(lines.every((line) => line.endsWith("serverside-applied"))).toBe(true);
    api.refuseApply(
      { resource: "configmaps" },
      { manager: "someone", fields: [".data.image", ".data.port"] },
    );
    await expect(call(...apply, one)).rejects.toThrow(
      /Apply failed with 2 conflicts: conflicts with "someone"/,
    );
  });

  test("gets, describes, patches, labels and waits", async () => {
    await using api = await startKubeApi();
    const { call } = kubectl(api);
    for (const object of manifests("web:1", 80)) api.put(object as Manifest);
    const got = await call("get", "ingress,svc,cm", "-n", "apps", "-o", "name");
    expect(got).toEqual(["ingress.networking.k8s.io/web", "service/web", "configmap/web"]);
    const described = await call("describe", "ingress", "web", "-n", "apps");
    expect(described.join("\n")).toMatch(/a\.example\s+\n?\s*\/\s+web:80/);
    await call("patch", "cm", "web", "-n", "apps", "--type=merge", '-p={"data":{"a":"b"}}');
    const add =
      '-p=[{"op":"add","path":"/data/c","value":"d"},{"op":"remove","path":"/data/image"}]';
    await call("patch", "cm", "web", "-n", "apps", "--type=json", add);
    expect(api.get(CONFIG_MAPS, web)?.data).toEqual({ a: "b", c: "d" });
    const image =
      '-p={"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:3"}]}}}}';
    await call("patch", "deploy", "web", "-n", "apps", image);
    expect(imagesOf(api)).toEqual(["web:3", "side:1"]);
    await call("label", "ing", "web", "-n", "apps", "track=canary");
    expect(api.get(INGRESSES, web)?.metadata.labels).toEqual({ track: "canary" });
    await call("wait", "--for=jsonpath={.data.a}=b", "cm/web", "-n", "apps", "--timeout=20s");
    await expect(call("get", "ingress", "other", "-n", "apps")).rejects.toThrow(
      'Error from server (NotFound): ingresses.networking.k8s.io "other" not found',
    );
  });

  test("is refused what roles do not allow", async () => {
    await using api = await startKubeApi();
    const { call } = kubectl(api);
    api.allowOnly([{ apiGroups: [""], resources: ["services"], verbs: ["list"] }]);
    expect(await call("get", "svc", "-A", "-o", "name")).toEqual([""]);
    await expect(call("get", "ing", "-A")).rejects.toThrow(/cannot list resource "ingresses"/);
  });
});
