// What the chart says of commands, against the commands: variables, ports, probes, time to end, rights.
import { gatewayConfig, type gatewayOptions } from "@warren/gateway";
import { optionRows, type ConfigOf } from "@warren/host";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  BACKEND_TLS_POLICIES,
  GATEWAY_CLASSES,
  GATEWAYS,
  REFERENCE_GRANTS,
  ROUTES,
} from "../../packages/agent/src/kube/gateway-api/resources.ts";
import { BIN, Cli, house } from "../../packages/warren/test/_cli.ts";
import { ask } from "../../packages/warren/test/_kit/ask.ts";
import { freePort } from "../../packages/warren/test/_kit/fleet.ts";
import { ingressOf, KubeStage } from "../../packages/warren/test/_kit/kube-stage.ts";
import { webService } from "../../packages/warren/test/_service.ts";
import { readChat, startAsTold } from "./_kit/chat.ts";
import { exampleFlags, EXAMPLES, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf, type Pod, type PodContainer } from "./_kit/pods.ts";
import { rulesOf } from "./_kit/rbac.ts";
import { commandOf, environmentOf, optionsOf } from "./_kit/told.ts";
import type { Manifest } from "./_kit/validate.ts";

const GRACE = {
  gateway: ["drainDelay", "drainDeadline"],
  agent: ["drainDeadline"],
  chat: ["drainDelay", "drainSpread", "streamTimeout"],
} as const;

/** What no option has: for the pod itself, for Node and its proxies, and models by their numbers. */
const OTHERS = /^(POD_IP|HTTPS_PROXY|NODE_EXTRA_CA_CERTS|LLM_PROVIDER_\d+_[A-Z_]+)$/;

/** Pods that run a command of ours; the test's own runs a script. */
const running = (objects: readonly Manifest[]) =>
  podsOf(objects).filter(({ spec }) => spec.containers[0]?.args !== undefined);
const GATEWAY_API = [
  GATEWAY_CLASSES,
  GATEWAYS,
  REFERENCE_GRANTS,
  BACKEND_TLS_POLICIES,
  ...Object.values(ROUTES),
];
const containerOf = ({ spec }: Pod) => spec.containers[0]!;

function told(pod: Pod, objects: readonly Manifest[]) {
  const env = environmentOf(containerOf(pod), objects);
  const loaded = optionsOf(pod, env);
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  return { env, config: loaded.config as Record<string, unknown>, warnings: loaded.warnings };
}

describe.skipIf(helm === undefined).each(EXAMPLES)("%s", (name) => {
  let objects: Manifest[];
  beforeAll(async () => {
    objects = await render(exampleFlags(name), "newest");
  });

  test("says to each command only what it knows", () => {
    for (const pod of running(objects)) {
      const { env, warnings } = told(pod, objects);
      expect(warnings).toEqual([]);
      const { options } = commandOf(containerOf(pod));
      const known = new Set(optionRows(options).map(({ names }) => names.env));
      const unknown = Object.keys(env).filter((one) => !known.has(one) && !OTHERS.test(one));
      expect(unknown).toEqual([]);
    }
  });

  test("says what fits together", () => {
    for (const pod of running(objects)) {
      const { env, config } = told(pod, objects);
      if (pod.of.endsWith("-gateway")) {
        const options = config as ConfigOf<typeof gatewayOptions>;
        expect(gatewayConfig(options, "/data", (key) => key)).not.toHaveProperty("problems");
      } else if (containerOf(pod).args?.[0] === "chat") {
        const ofSecret = config["store"] === "mongodb" ? "mongodb://ada:secret@db/chat" : "";
        const read = readChat(config as never, "/tmp", env["MONGO_URI"] ?? ofSecret);
        expect(read).not.toHaveProperty("problems");
      }
    }
  });

  test("lets a pod have more time to end than it takes", () => {
    for (const pod of running(objects)) {
      const { config } = told(pod, objects);
      const container = containerOf(pod);
      const keys = GRACE[container.args![0] as keyof typeof GRACE];
      const drainMs = keys.reduce((sum, key) => sum + Number(config[key]), 0);
      const asleep = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
      const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? 30;
      expect(graceSeconds).toBeGreaterThan(asleep + drainMs / 1_000 + 5);
    }
  });

  test("has the ports that commands listen on", () => {
    for (const pod of running(objects)) {
      const { config } = told(pod, objects);
      const ports = containerOf(pod).ports!.map(({ containerPort }) => containerPort);
      const keys = ["port", "tlsPort", "adminPort", "peerPort", "agentAdminPort"];
      const said = keys.map((key) => config[key]).filter((port) => port !== undefined);
      expect(ports.length).toBe(said.length);
      expect(new Set(ports)).toEqual(new Set(said));
      expect(String(pod.annotations["prometheus.io/port"])).toBe(
        String(config["agentAdminPort"] ?? config["adminPort"] ?? config["port"]),
      );
    }
  });
});

test.skipIf(helm === undefined)(
  "before Kubernetes 1.30 the process waits, and not the kubelet",
  async () => {
    const flags = [...exampleFlags("chat-values.yaml"), ...setFlags({ "gateway.enabled": true })];
    for (const [version, asleep, waits] of [
      ["1.24", undefined, 10_000],
      ["newest", 10, 0],
    ] as const) {
      const objects = await render(flags, version);
      for (const pod of running(objects)) {
        expect(containerOf(pod).lifecycle?.preStop?.sleep?.seconds).toBe(asleep);
        expect(told(pod, objects).config["drainDelay"]).toBe(waits);
      }
    }
  },
);

const rendered = async (example: string) => {
  const objects = await render(exampleFlags(example), "newest");
  const [pod] = running(objects);
  return {
    objects,
    container: containerOf(pod!),
    annotations: pod!.annotations,
    env: told(pod!, objects).env,
  };
};
const probesOf = ({ startupProbe, livenessProbe, readinessProbe }: PodContainer) =>
  [startupProbe, livenessProbe, readinessProbe].map((probe) => probe!.httpGet);
const statusesAt = (port: number | string, paths: readonly string[]) =>
  Promise.all(paths.map(async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status));

describe.skipIf(helm === undefined)("what really runs", () => {
  test("a gateway answers its probes and is scraped", async () => {
    const { env, container } = await rendered("gateway-values.yaml");
    using home = house();
    const here = {
      ...env,
      WARREN_DATA: home.path,
      WARREN_PORT: "0",
      WARREN_TLS_PORT: "0",
      WARREN_ADMIN_PORT: "0",
    };
    await using cli = new Cli([process.execPath, BIN, ...container.args!], {
      env: here,
      cwd: home.path,
    });
    const [, port = ""] = await cli.says(/"admin":(\d+).*"gateway runs"/);
    const paths = probesOf(container).map(({ path }) => path);
    expect(paths).toEqual(["/healthz", "/healthz", "/readyz"]);
    expect(await statusesAt(port, [...paths, "/metrics"])).toEqual([200, 200, 200, 200]);
  });

  test("a chat answers its probes and is scraped", async () => {
    const { env, container } = await rendered("chat-values.yaml");
    using home = house();
    await using chat = await startAsTold(new Map(Object.entries(env)), home.path);
    const paths = probesOf(container).map(({ path }) => path);
    expect(paths).toEqual(["/chat/healthz", "/chat/healthz", "/chat/readyz"]);
    expect(await statusesAt(chat.port, [...paths, "/metrics"])).toEqual([200, 200, 200, 200]);
  });

  test.each([
    { name: "all namespaces and TLS Secrets", values: { "agent.kube.tlsSecrets": true } },
    { name: "one namespace", values: { "agent.kube.namespaces": ["default"] } },
    {
      name: "one namespace, its Secrets, and another with the ingress controller",
      values: {
        "agent.kube.namespaces": ["default"],
        "agent.kube.controllerNamespaces": ["kube-system"],
        "agent.kube.tlsSecrets": true,
      },
    },
  ])(
    "an agent with the chart's rights on $name answers, publishes and is refused nothing",
    async ({ values }) => {
      const asked = { "agent.kube.createGatewayClass": true, ...values };
      const flags = [...exampleFlags("agent-values.yaml"), ...setFlags(asked)];
      const objects = await render(flags, "newest");
      const [pod] = running(objects);
      const container = containerOf(pod!);
      await using stage = await KubeStage.start();
      await using app = await webService("app");
      stage.service("app", app.port);
      stage.api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: RELEASE.namespace } });
      for (const kind of GATEWAY_API) stage.api.serve(kind.versions[0]);
      for (const one of objects)
        if (one.kind === "IngressClass" || one.kind === "GatewayClass") stage.api.put(one as never);
      const ingress = ingressOf("app", "app.example.com", app.port);
      stage.api.put({ ...ingress, spec: { ...ingress.spec, ingressClassName: "warren" } } as never);
      stage.api.allowOnly(rulesOf(objects, pod!.spec.serviceAccountName!));
      const adminPort = await freePort();
      const env = {
        ...told(pod!, objects).env,
        WARREN_DATA: stage.fleet.folder,
        WARREN_GATEWAY: `ws://127.0.0.1:${stage.gateway.port}`,
        WARREN_TOKEN_FILE: (await stage.fleet.token()).file,
        WARREN_AGENT_ADMIN_PORT: String(adminPort),
        WARREN_KUBECONFIG: join(stage.fleet.folder, "kubeconfig"),
      };
      await using agent = new Cli([process.execPath, BIN, ...container.args!], {
        env,
        cwd: stage.fleet.folder,
      });
      await agent.says(/^joined /m);
      const answer = () => ask({ port: stage.gateway.port, host: "app.example.com" });
      await expect.poll(async () => (await answer()).status, { timeout: 30_000 }).toBe(200);
      // It leads, and has said so.
      await stage.api.request({ verb: "update", resource: "leases" });
      await stage.api.request({ verb: "create", resource: "events" });
      await stage.api.request({ verb: "update", resource: "gatewayclasses/status" });
      const refused = stage.api.requests.filter(({ status }) => status === 403);
      expect(
        refused.map(({ verb, resource, namespace }) => `${verb} ${resource} ${namespace}`),
      ).toEqual([]);
      const paths = probesOf(container).map(({ path }) => path);
      expect(await statusesAt(adminPort, [...paths, "/metrics"])).toEqual([200, 200, 200, 200]);
    },
  );
});
