// What the chart says of commands, against the commands: variables, ports, probes, time to end. An agent's rights, and
// its doctor: doctor.test.ts.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gatewayConfig, type gatewayOptions } from "@warren/gateway";
import { optionRows, type ConfigOf } from "@warren/host";
import { beforeAll, describe, expect, test } from "vitest";
import { BIN, Cli, house } from "../../packages/warren/test/_cli.ts";
import { Fleet, freePort } from "../../packages/warren/test/_kit/fleet.ts";
import { readChat, startAsTold } from "./_kit/chat.ts";
import { exampleFlags, EXAMPLES, helm, render, setFlags } from "./_kit/helm.ts";
import { podsOf, probesOf, statusesAt, type Pod } from "./_kit/pods.ts";
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
/** Those that stay, and answer; a hook's run to their end. */
const staying = (objects: readonly Manifest[]) =>
  running(objects).filter(({ of }) => of.startsWith("Deployment "));
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
    for (const pod of staying(objects)) {
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
    for (const pod of staying(objects)) {
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

  test("an agent whose cluster and gateway are away is alive, not ready, and is scraped", async () => {
    const { env, container } = await rendered("agent-values.yaml");
    await using fleet = new Fleet();
    const nobody = `127.0.0.1:${await freePort()}`;
    const adminPort = await freePort();
    const kubeconfig = join(fleet.folder, "kubeconfig");
    writeFileSync(kubeconfig, configAt(`http://${nobody}`));
    const here = {
      ...env,
      WARREN_DATA: fleet.folder,
      WARREN_GATEWAY: `ws://${nobody}`,
      WARREN_TOKEN_FILE: (await fleet.token()).file,
      WARREN_AGENT_ADMIN_PORT: String(adminPort),
      WARREN_KUBECONFIG: kubeconfig,
    };
    await using _agent = new Cli([process.execPath, BIN, ...container.args!], {
      env: here,
      cwd: fleet.folder,
    });
    const paths = probesOf(container).map(({ path }) => path);
    // A liveness that asked for more than the process itself would restart it while others are away.
    const answers = () => statusesAt(adminPort, [...paths, "/metrics"]).catch(() => []);
    await expect.poll(answers, { timeout: 30_000 }).toEqual([200, 200, 503, 200]);
  });

  test("a chat answers its probes and is scraped", async () => {
    const { env, container } = await rendered("chat-values.yaml");
    using home = house();
    await using chat = await startAsTold(new Map(Object.entries(env)), home.path);
    const paths = probesOf(container).map(({ path }) => path);
    expect(paths).toEqual(["/chat/healthz", "/chat/healthz", "/chat/readyz"]);
    expect(await statusesAt(chat.port, [...paths, "/metrics"])).toEqual([200, 200, 200, 200]);
  });
});

function configAt(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server } }],
    users: [{ name: "test", user: { token: "test" } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}
