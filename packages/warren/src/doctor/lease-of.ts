import type { KubeSettings } from "@warren/agent";
import type { KubeClient, ObjectName } from "@warren/host/kube";

/** The Lease by which agents with these settings choose the one that leads. */
export function leaseOf(
  { access }: Pick<KubeClient, "access">,
  { lease, podNamespace }: Pick<KubeSettings, "lease" | "podNamespace">,
): ObjectName & { namespace: string } {
  return {
    namespace: lease.namespace ?? podNamespace ?? access.namespace ?? "default",
    name: lease.name,
  };
}
