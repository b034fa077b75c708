import { openAccess as open, type KubeAccess } from "@warren/host/kube";
import type { KubeSettings } from "../kube-options.ts";

export async function openAccess({ kubeconfig }: KubeSettings): Promise<KubeAccess> {
  return open(kubeconfig ?? "");
}
