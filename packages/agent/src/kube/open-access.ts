import { readFileSync } from "node:fs";
import { openAccess as open, type KubeAccess } from "@warren/host/kube";
import type { KubeSettings } from "../kube-options.ts";

export async function openAccess({ kubeconfig }: KubeSettings): Promise<KubeAccess> {
  const read = JSON.parse(readFileSync(kubeconfig ?? "", "utf8")) as {
    clusters: { cluster: { server: string } }[];
  };
  return open(read.clusters[0]!.cluster.server);
}
