import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LEASES, SERVICES, type Lease } from "@warren/host/kube";
import { startKubeApi, type KubeApi } from "@warren/host/testing";
import type { Finding } from "../../src/doctor/finding.ts";
import type { Cli } from "../_cli.ts";
import { Fleet, type GatewayOnStage } from "./fleet.ts";

export interface AgentInCluster {
  cli: Cli;
  /** Its own listener's. */
  adminPort: number;
}

/** A cluster with an API server that a test plays, a gateway, and agents as pods of the cluster. */
export class KubeStage implements AsyncDisposable {
  readonly fleet = new Fleet();
  readonly api: KubeApi;
  gateway: GatewayOnStage;
  readonly #token: string;
  readonly #kubeconfig: string;

  private constructor(api: KubeApi, gateway: GatewayOnStage, token: string, fleet: Fleet) {
    this.api = api;
    this.gateway = gateway;
    this.fleet = fleet;
    this.#token = token;
    this.#kubeconfig = join(fleet.folder, "kubeconfig");
    writeFileSync(this.#kubeconfig, kubeconfigOf(api.url));
  }

  static async start(more: readonly string[] = []): Promise<KubeStage> {
    const fleet = new Fleet();
    const gateway = await fleet.gateway({ more });
    const { file } = await fleet.token();
    const api = await startKubeApi();
    api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "warren-system" } });
    return new KubeStage(api, gateway, file, fleet);
  }

  /** An agent that has joined the gateway; it need not have heard of its cluster. */
  async agent(podName: string, ...more: readonly string[]): Promise<Cli> {
    const cli = this.fleet.start([
      "agent",
      ...(more.includes("--gateway") ? [] : ["--gateway", `ws://127.0.0.1:${this.gateway.port}`]),
      "--token-file",
      this.#token,
      "--data",
      join(this.fleet.folder, `${podName}-${randomUUID()}`),
      "--kubeconfig",
      this.#kubeconfig,
      "--pod-name",
      podName,
      "--pod-namespace",
      "warren-system",
      "--log-format",
      "json",
      ...more,
    ]);
    await cli.says(/joined /);
    return cli;
  }

  /** Kills the gateway; another one, that knows nothing, answers at its address. */
  async replaceGateway(): Promise<void> {
    const { cli, port } = this.gateway;
    cli.signal("SIGKILL");
    await cli.ended();
    const more = ["--port", String(port), "--advertise", `ws://127.0.0.1:${port}`];
    this.gateway = { ...(await this.fleet.gateway({ more })), port };
  }

  /** What `warren agent doctor` finds for such an agent, told more. */
  doctor(...more: readonly string[]) {
    return this.#found("doctor", more);
  }

  /** What `warren agent leave` says of what such agents wrote. */
  leave(...more: readonly string[]) {
    return this.#found("leave", more);
  }

  async #found(command: string, more: readonly string[]) {
    const cli = this.fleet.start([
      "agent",
      command,
      "--json",
      "--gateway",
      `ws://127.0.0.1:${this.gateway.port}`,
      "--token-file",
      this.#token,
      "--kubeconfig",
      this.#kubeconfig,
      "--pod-namespace",
      "warren-system",
      ...more,
    ]);
    const { code, stdout, stderr } = await cli.ended();
    if (stdout === "") throw new Error(stderr);
    return { code, findings: JSON.parse(stdout) as Finding[] };
  }

  /** A Service whose cluster address is this machine's, where the test serves at `port`. */
  service(name: string, port: number): void {
    this.api.put(
      {
        metadata: { name, namespace: "default" },
        spec: { type: "ClusterIP", clusterIP: "127.0.0.1", ports: [{ port, protocol: "TCP" }] },
      },
      SERVICES,
    );
  }

  /** Resolves with the agent that leads, by its pod's name. */
  leader(but = ""): Promise<string> {
    return this.api.until(() => {
      const holder = this.leaderNow;
      return holder !== "" && holder !== but && holder;
    });
  }

  /** The pod whose agent holds the Lease, as that says; "" for none. */
  get leaderNow(): string {
    return this.lease?.spec?.holderIdentity?.replace(/_[^_]*$/, "") ?? "";
  }

  get lease(): Lease | undefined {
    return this.api.get(LEASES, { namespace: "warren-system", name: "warren-agent" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]();
    await this.api[Symbol.asyncDispose]();
  }
}

/** Plain HTTP is taken by a kubeconfig only where nothing is verified. */
function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "agent", user: {} }],
    contexts: [{ name: "test", context: { cluster: "test", user: "agent" } }],
    "current-context": "test",
  });
}

/** The seed's Ingress (`seeds/` 004), to a Service at `port`. */
export function ingressOf(name: string, host: string, port: number) {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace: "default" },
    spec: {
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name, port: { number: port } } },
              },
            ],
          },
        },
      ],
    },
  };
}
