// Names, ports, probes, variables and figures of the chat's manifests, against the code.
import { chatOptions } from "@warren/chat";
import { namesOf, type Declared } from "@warren/host";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { environmentOf, readChat, readOptions, startAsTold, templateOf } from "./_kit/chat.ts";
import { objectsOf, only } from "./_kit/folders.ts";
import type { Manifest } from "./_kit/validate.ts";

const PLAIN = ["configmap", "secret", "deployment", "service", "networkpolicy"].flatMap((name) =>
  objectsOf(`deployments/kubernetes/${name}.yaml`),
);
const BASE = [
  "config",
  "deployment",
  "loadbalancer",
  "pods",
  "ingress",
  "cloudflare-ingress",
  "certificate",
].flatMap((name) => objectsOf(`k8s/base/messaging-service-${name}.yaml`));
const KNATIVE = objectsOf("k8s/base/messaging-service-knative.yaml");

const WORKLOADS = [
  {
    name: "chatbox-websocket",
    workload: only(PLAIN, "Deployment", "chatbox-websocket"),
    objects: PLAIN,
  },
  {
    name: "messaging-service",
    workload: only(BASE, "Deployment", "messaging-service"),
    objects: BASE,
  },
  { name: "messaging-service of Knative", workload: KNATIVE[0]!, objects: BASE },
];

describe.each(WORKLOADS)("$name", ({ workload, objects }) => {
  const { spec, metadata } = templateOf(workload);
  const [container] = spec.containers;
  const environment = environmentOf(container, objects);
  const portOf = (named: string | number) =>
    container.ports.find(({ name }) => name === named)?.containerPort ?? named;

  test("is told only what the chat knows, and enough for it to start", () => {
    const secret = environmentOf({ ...container, envFrom: [] }, objects);
    const known = new Set(
      Object.entries(chatOptions).map(([key, option]) => namesOf(key, option as Declared).env),
    );
    const unknown = [...secret.keys()].filter(
      (name) => !known.has(name) && !/^LLM_PROVIDER_([1-9]|10)_API_KEY$/.test(name),
    );
    expect(unknown).toEqual([]);
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    expect(
      readChat(readOptions(environment), folder.path, environment.get("MONGO_URI") ?? ""),
    ).toMatchObject({
      config: { prefix: "/chat" },
    });
  });

  test("keeps what it writes in volumes, for its file system is read-only", () => {
    const mounted = container.volumeMounts.map(({ mountPath }) => mountPath);
    expect(mounted).toContain(environment.get("WARREN_DATA"));
    expect(mounted).toContain("/tmp");
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(
      spec.volumes.map(({ name }) => name).sort(),
    );
  });

  test("has more time to end than its drain takes", () => {
    const told = readOptions(environment);
    // Last frames, alerts and the store have ten, five and five seconds more.
    const drainMs = told.drainDelay + told.drainSpread + told.streamTimeout + 20_000;
    expect(
      (spec.terminationGracePeriodSeconds ?? spec.timeoutSeconds ?? 30) * 1000,
    ).toBeGreaterThanOrEqual(drainMs);
  });

  test("is probed and scraped where it answers", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    await using chat = await startAsTold(environment, folder.path);
    const told = readOptions(environment);
    const ports = new Map([[told.port, chat.port]]);
    if (told.probePort !== undefined) ports.set(told.probePort, chat.probePort!);
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const asked = [startupProbe, livenessProbe, readinessProbe].flatMap((probe) =>
      probe === undefined
        ? []
        : [{ path: probe.httpGet.path, port: Number(portOf(probe.httpGet.port)) }],
    );
    const scraped = metadata.annotations ?? {};
    if (scraped["prometheus.io/scrape"] === "true")
      asked.push({
        path: scraped["prometheus.io/path"]!,
        port: Number(scraped["prometheus.io/port"]),
      });
    for (const { path, port } of asked) {
      const answer = await fetch(`http://127.0.0.1:${ports.get(port)}${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
    }
  });
});

describe("chatbox-websocket", () => {
  const deployment = only(PLAIN, "Deployment", "chatbox-websocket");
  const { spec, metadata } = templateOf(deployment);
  const [container] = spec.containers;

  test("has the figures that it is known for", () => {
    expect(container.resources).toEqual({
      requests: { cpu: "250m", memory: "256Mi" },
      limits: { cpu: "1000m", memory: "1Gi" },
    });
    const { periodSeconds, failureThreshold = 3, httpGet } = container.startupProbe!;
    expect([periodSeconds * failureThreshold, httpGet.path]).toEqual([60, "/chat/healthz"]);
    expect(metadata.labels).toEqual({ app: "chatbox", version: "v1" });
    expect(metadata.annotations).toMatchObject({
      "prometheus.io/port": "8080",
      "prometheus.io/path": "/metrics",
    });
    expect(spec.serviceAccountName).toBe(only(PLAIN, "ServiceAccount", "chatbox-sa").metadata.name);
    expect(deployment["spec"]).toMatchObject({
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    expect(deployment["spec"]).not.toHaveProperty("replicas");
  });

  test("is reached by its Service, and that by its Ingress", () => {
    const service = only(PLAIN, "Service", "chatbox-websocket");
    expect(service["spec"]).toMatchObject({
      selector: { app: "chatbox" },
      ports: [{ name: "http", port: 80, targetPort: "http" }],
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    });
    expect(container.ports).toMatchObject([{ name: "http", containerPort: 8080 }]);
    expect(backendsOf(only(PLAIN, "Ingress", "chatbox-websocket-ingress"))).toEqual([
      "chatbox-websocket:http",
    ]);
  });

  test("takes its optional secrets optionally, and the two that it needs not", () => {
    const keys = container.env.flatMap(({ name, valueFrom }) => [
      { variable: name, ...valueFrom!.secretKeyRef },
    ]);
    expect(
      keys.every(({ variable, name, key }) => name === "chat-secrets" && key === variable),
    ).toBe(true);
    expect(keys.filter(({ optional }) => optional !== true).map(({ key }) => key)).toEqual([
      "JWT_SECRET",
      "ENCRYPTION_KEY",
    ]);
  });

  test("the policy lets what it dials out, and controllers, the agent and Prometheus in", () => {
    const policy = only(PLAIN, "NetworkPolicy", "chatbox-netpol")["spec"] as {
      egress: { ports: { port: number }[] }[];
      ingress: { ports: { port: number }[]; from: object[] }[];
    };
    const out = policy.egress.flatMap(({ ports }) => ports.map(({ port }) => port));
    for (const port of [53, 27_017, 6379, 587, 443]) expect(out).toContain(port);
    expect(policy.ingress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([8080]);
    expect(JSON.stringify(policy.ingress)).toMatch(/ingress-nginx.*traefik.*agent.*prometheus/);
  });
});

describe("autoscalers", () => {
  const basic = only(
    objectsOf("deployments/kubernetes/deployment.yaml"),
    "HorizontalPodAutoscaler",
    "chatbox-websocket-hpa",
  );
  const advanced = only(
    objectsOf("deployments/kubernetes/hpa.yaml/chatbox-websocket-hpa.yaml"),
    "HorizontalPodAutoscaler",
    "chatbox-websocket-hpa",
  );

  test("are one by name, and differ in what they look at", () => {
    const { metrics: by, ...rest } = specOf(basic);
    const { metrics: more, ...same } = specOf(advanced);
    expect(same).toEqual(rest);
    expect(rest).toMatchObject({
      minReplicas: 3,
      maxReplicas: 10,
      scaleTargetRef: { kind: "Deployment", name: "chatbox-websocket" },
    });
    expect(by).toMatchObject([
      { resource: { name: "cpu", target: { averageUtilization: 70 } } },
      { resource: { name: "memory", target: { averageUtilization: 80 } } },
    ]);
    expect(more.slice(0, 2)).toEqual(by);
    expect(more.slice(2)).toMatchObject([
      {
        pods: {
          metric: { name: "chatbox_websocket_connections_total" },
          target: { averageValue: "100" },
        },
      },
      {
        pods: { metric: { name: "chatbox_active_sessions_total" }, target: { averageValue: "50" } },
      },
    ]);
  });
});

describe("messaging-service", () => {
  test("the load balancer passes TLS through to its pods", () => {
    const [container] = templateOf(only(BASE, "Deployment", "messaging-service")).spec.containers;
    const balancer = only(BASE, "Service", "messaging-service-lb");
    expect(balancer.metadata.namespace).toBe("homelab-services");
    expect(balancer["spec"]).toMatchObject({
      type: "LoadBalancer",
      selector: { app: "messaging-service" },
      ports: [{ port: 443, targetPort: 8080 }],
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    });
    expect(environmentOf(container, BASE).get("SERVER_PORT")).toBe("8080");
    const annotations = Object.keys(balancer.metadata.annotations ?? {});
    expect(annotations.filter((name) => !name.startsWith("metallb.io/"))).toEqual([]);
  });

  test.each(
    [...BASE, ...KNATIVE].filter((one) =>
      JSON.stringify(one).includes('"secretName":"messaging-service-app-tls"'),
    ),
  )("$kind $metadata.name has the certificate where the application looks for it", (object) => {
    if (object.kind === "Certificate")
      return expect(object.metadata.name).toBe("messaging-service-app-tls");
    const { spec } = templateOf(object);
    const { volumeMounts, ...container } = spec.containers[0];
    const volume = spec.volumes.find(
      ({ secret }) => secret?.secretName === "messaging-service-app-tls",
    );
    const mount = volumeMounts.find(({ name }) => name === volume?.name);
    const told = environmentOf({ ...container, volumeMounts }, BASE);
    expect([told.get("WARREN_CHAT_TLS_CERT"), told.get("WARREN_CHAT_TLS_KEY")]).toEqual([
      `${mount?.mountPath}/tls.crt`,
      `${mount?.mountPath}/tls.key`,
    ]);
  });

  test("the Ingress has its certificate, an hour for sockets, and affinity", () => {
    const ingress = only(BASE, "Ingress", "messaging-service-ingress");
    expect(ingress["spec"]).toMatchObject({ tls: [{ secretName: "messaging-service-tls" }] });
    expect(only(BASE, "Certificate", "messaging-service-tls")["spec"]).toMatchObject({
      secretName: "messaging-service-tls",
      issuerRef: { kind: "ClusterIssuer", name: "letsencrypt-prod" },
    });
    expect(ingress.metadata.annotations).toMatchObject({
      "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
      "nginx.ingress.kubernetes.io/proxy-send-timeout": "3600",
      "nginx.ingress.kubernetes.io/affinity": "cookie",
    });
    expect(only(BASE, "Service", "messaging-service-pods").metadata.annotations).toMatchObject({
      "traefik.ingress.kubernetes.io/service.sticky.cookie": "true",
      "traefik.ingress.kubernetes.io/service.serversscheme": "https",
    });
    expect(new Set(BASE.filter(({ kind }) => kind === "Ingress").flatMap(backendsOf))).toEqual(
      new Set(["messaging-service-pods:https"]),
    );
  });

  test("Knative keeps two pods, its limit on requests is one that it takes, and it does not count sockets", () => {
    const { metadata, spec } = templateOf(KNATIVE[0]!);
    expect(metadata.annotations).toMatchObject({
      "autoscaling.knative.dev/min-scale": "2",
      "autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev",
    });
    // Knative's max-revision-timeout-seconds unless the cluster says more.
    expect(spec.timeoutSeconds).toBeLessThanOrEqual(600);
    expect(spec.containers[0].ports.map(({ containerPort }) => containerPort)).toEqual([8086]);
    expect(metadata.labels).toMatchObject({ app: "messaging-service" });
  });
});

function backendsOf(ingress: Manifest): string[] {
  const { rules } = ingress["spec"] as {
    rules: {
      http: { paths: { backend: { service: { name: string; port: { name: string } } } }[] };
    }[];
  };
  return rules.flatMap(({ http }) =>
    http.paths.map(({ backend: { service } }) => `${service.name}:${service.port.name}`),
  );
}

function specOf(one: Manifest) {
  return one["spec"] as { metrics: object[] };
}
