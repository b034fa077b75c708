import { writeFileSync } from "node:fs";
import path from "node:path";
import type { KubeApi } from "@warren/host/testing";
import type { Processes } from "./processes.ts";
import { createToken, warren } from "./warren-processes.ts";

export interface KubeAgentsOptions {
  api: KubeApi;
  /** The gateway's public port, and its data folder. */
  gateway: { port: number; data: string };
}

/** Starts agents of one cluster by their pods' names, as its pods would be; resolves with a pid each. */
export function kubeAgents(processes: Processes, { api, gateway }: KubeAgentsOptions) {
  const kubeconfig = path.join(gateway.data, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(api.url));
  const tokenFile = createToken(gateway.data, "kubernetes");
  return (pod: string): Promise<number> =>
    processes.start({
      name: pod,
      ...warren("agent", {
        data: path.join(gateway.data, pod),
        gateway: `ws://127.0.0.1:${gateway.port}`,
        "token-file": tokenFile,
        kubeconfig,
        "pod-name": pod,
        "pod-namespace": "default",
        "log-format": "json",
      }),
      ports: [],
    });
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "agent", user: {} }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "agent" } }],
    "current-context": "bench",
  });
}
