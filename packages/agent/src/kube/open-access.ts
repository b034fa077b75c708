import type { Clock } from "@warren/host";
import {
  inClusterConfig,
  kubeconfig as kubeconfigAccess,
  SERVICE_ACCOUNT_FOLDER,
  type KubeAccess,
} from "@warren/host/kube";
import type { KubeSettings } from "../kube-options.ts";

/** How the API server is reached; rejects with a KubeAccessError that says what is missing. */
export function openAccess(
  { kubeconfig, context, inPod }: Pick<KubeSettings, "kubeconfig" | "context" | "inPod">,
  clock: Clock,
): Promise<KubeAccess> {
  if (kubeconfig !== undefined) return kubeconfigAccess({ paths: [kubeconfig], context });
  return inClusterConfig({ ...inPod, folder: SERVICE_ACCOUNT_FOLDER, clock });
}
