// Names and figures that the chart's objects are known for, what its README says, and that a server takes all of it.
import { writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { describe, expect, test } from "vitest";
import { readmeWithTable, valueRows } from "../../deployments/helm/values-table.ts";
import { ROOT } from "../_rooms.ts";
import { openCluster, type Cluster } from "./_kit/cluster.ts";
import { kubectl, only } from "./_kit/folders.ts";
import { CHART, exampleFlags, EXAMPLES, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf } from "./_kit/pods.ts";
import { schemasFolder } from "./_kit/schemas.ts";
import { kindOf, type Manifest } from "./_kit/validate.ts";

const chat = (more: Readonly<Record<string, unknown>> = {}) =>
  render([...exampleFlags("chat-values.yaml"), ...setFlags(more)], "newest");
const ONE = {
  "chat.replicas": 1,
  "chat.autoscaling.enabled": false,
  "chat.persistence.enabled": true,
  "chat.store.kind": "sqlite",
};
const specOf = (objects: readonly Manifest[], kind: string, name: string) =>
  only(objects, kind, name)["spec"];

describe.skipIf(helm === undefined)("the chat", () => {
  test("has the names that its guide says", async () => {
    const names = (await chat()).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names).toEqual(
      expect.arrayContaining([
        "Deployment/chatbox-websocket",
        "Service/chatbox-websocket",
        "HorizontalPodAutoscaler/chatbox-websocket-hpa",
        "Ingress/chatbox-websocket-ingress",
        "ServiceAccount/chatbox-sa",
        "NetworkPolicy/chatbox-netpol",
        "ConfigMap/chat-config",
      ]),
    );
    expect(names.filter((name) => name.startsWith("Secret/"))).toEqual([]);
    const [pod] = podsOf(await chat());
    expect(pod?.labels).toMatchObject({ app: "chatbox", version: "v1" });
    expect(pod?.spec.containers[0]?.envFrom).toEqual([
      { configMapRef: { name: "chat-config" } },
      { secretRef: { name: "chat-secrets" } },
    ]);
  });

  test("has the figures that its guide says", async () => {
    const objects = await chat({ "chat.autoscaling.customMetrics.enabled": true });
    const [pod] = podsOf(objects);
    const container = pod!.spec.containers[0]!;
    expect(container.resources).toEqual({
      requests: { cpu: "250m", memory: "256Mi" },
      limits: { cpu: "1000m", memory: "1Gi" },
    });
    const { periodSeconds, failureThreshold, httpGet } = container.startupProbe!;
    expect([periodSeconds * failureThreshold, httpGet.path]).toEqual([60, "/chat/healthz"]);
    expect(pod!.annotations).toMatchObject({
      "prometheus.io/scrape": "true",
      "prometheus.io/port": "8080",
      "prometheus.io/path": "/metrics",
    });
    expect(specOf(objects, "Deployment", "chatbox-websocket")).toMatchObject({
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    expect(specOf(objects, "Deployment", "chatbox-websocket")).not.toHaveProperty("replicas");
    expect(specOf(objects, "Service", "chatbox-websocket")).toMatchObject({
      ports: [{ port: 80, targetPort: "http" }],
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    });
    expect(specOf(objects, "HorizontalPodAutoscaler", "chatbox-websocket-hpa")).toMatchObject({
      minReplicas: 3,
      maxReplicas: 10,
      metrics: [
        { resource: { name: "cpu", target: { averageUtilization: 70 } } },
        { resource: { name: "memory", target: { averageUtilization: 80 } } },
        {
          pods: {
            metric: { name: "chatbox_websocket_connections_total" },
            target: { averageValue: "100" },
          },
        },
        {
          pods: {
            metric: { name: "chatbox_active_sessions_total" },
            target: { averageValue: "50" },
          },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    });
  });

  test.each([
    {
      className: "nginx",
      want: {
        "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
        // It dials pods by itself: the Service's affinity is nothing to it.
        "nginx.ingress.kubernetes.io/affinity": "cookie",
        "nginx.ingress.kubernetes.io/session-cookie-max-age": "10800",
      },
    },
    {
      className: "traefik",
      want: {
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "traefik.ingress.kubernetes.io/router.tls": "true",
      },
    },
  ])("its Ingress has what $className needs", async ({ className, want }) => {
    const objects = await chat({ "chat.ingress.className": className });
    expect(
      only(objects, "Ingress", "chatbox-websocket-ingress").metadata.annotations,
    ).toMatchObject(want);
  });
});

test.skipIf(helm === undefined).each([
  { tlsSecret: "chatbox-tls", isSecure: "true" },
  // A browser keeps no secure cookie of a page without TLS: its client would come to another pod each time.
  { tlsSecret: "", isSecure: "false" },
])(
  "Traefik's cookie is secure where its Ingress is: $isSecure",
  async ({ tlsSecret, isSecure }) => {
    const objects = await chat({
      "chat.ingress": { enabled: true, className: "traefik", tlsSecret },
    });
    expect(only(objects, "Service", "chatbox-websocket").metadata.annotations).toMatchObject({
      "traefik.ingress.kubernetes.io/service.sticky.cookie.secure": isSecure,
    });
  },
);

test.skipIf(helm === undefined).each([
  { name: "MongoDB", values: {}, want: "RollingUpdate" },
  { name: "SQLite", values: ONE, want: "Recreate" },
  {
    name: "SQLite on a volume that many nodes mount",
    values: { ...ONE, "chat.persistence.accessMode": "ReadWriteMany" },
    want: "Recreate",
  },
])("the next pod of a chat with $name begins as its store allows", async ({ values, want }) => {
  expect(specOf(await chat(values), "Deployment", "chatbox-websocket")).toMatchObject({
    strategy: { type: want },
  });
});

test("the chart has the version of what it installs", () => {
  const chart = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8")) as Record<string, string>;
  const about = readFileSync(join(ROOT, "packages/warren/package.json"), "utf8");
  expect(JSON.parse(about)).toMatchObject({ version: chart["appVersion"] });
});

test.skipIf(helm === undefined)(
  "a token that is given is in Secrets, and nowhere else",
  async () => {
    const objects = await render(exampleFlags("everything-values.yaml"), "newest");
    const token = /value: (eyJ\S+)/.exec(
      readFileSync(join(CHART, "ci/everything-values.yaml"), "utf8"),
    )![1]!;
    const having = objects.filter((one) => JSON.stringify(one).includes(token));
    // The agent's, and that of the Job which runs when the agent's is deleted.
    expect(having.map(({ kind }) => kind)).toEqual(["Secret", "Secret"]);
  },
);

describe("the README of the chart", () => {
  const text = readFileSync(join(CHART, "README.md"), "utf8");

  test("has the table of values.yaml", () => {
    // `npm run chart` mends it.
    expect(text).toBe(readmeWithTable());
  });

  test("explains every value", () => {
    const bare = valueRows().filter(({ about }) => about === "");
    expect(bare.map(({ key }) => key)).toEqual([]);
  });

  test("names values and files that there are", () => {
    const keys = new Set(valueRows().map(({ key }) => key));
    const set = [...text.matchAll(/--set '?([\w.]+)=/g)].map(([, key]) => key!);
    expect(set.filter((key) => !keys.has(key))).toEqual([]);
    const files = [...text.matchAll(/--values (\S+)/g)].map(([, file]) => file!);
    for (const file of files) expect(() => readFileSync(join(ROOT, file))).not.toThrow();
  });
});

describe.skipIf(helm === undefined || kubectl === undefined || schemasFolder === undefined)(
  "a server",
  () => {
    test.each(EXAMPLES)("takes %s, any number of times, and forgets all of it", async (name) => {
      await using cluster = await openCluster();
      const objects = await render(exampleFlags(name), "newest");
      serve(cluster, objects);
      for (const namespace of [RELEASE.namespace, "apps", "shop"])
        cluster.api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      const file = join(cluster.folder, "objects.yaml");
      writeFileSync(file, objects.map((one) => stringify(one)).join("---\n"));
      const lines = async (...words: string[]) =>
        (await cluster.kubectl(...words)).trim().split("\n");
      expect(await lines("apply", "-f", file)).toHaveLength(objects.length);
      const again = await lines("apply", "-f", file);
      expect(again.filter((line) => !/ (unchanged|configured)$/.test(line))).toEqual([]);
      expect(await lines("delete", "--wait=false", "-f", file)).toHaveLength(objects.length);
    });
  },
);

/** Kinds that a cluster only has once somebody has brought them. */
function serve({ api }: Cluster, objects: readonly Manifest[]): void {
  for (const { apiVersion, kind } of objects) {
    const [group = "", version = ""] = apiVersion.includes("/")
      ? apiVersion.split("/")
      : ["", apiVersion];
    const known = kindOf({ apiVersion, kind }, "newest");
    const { plural = "", namespaced = true } = known ?? {};
    if (api.server.catalog.find(group, version, plural) === undefined)
      api.serve({ group, version, plural, kind, namespaced });
  }
}
