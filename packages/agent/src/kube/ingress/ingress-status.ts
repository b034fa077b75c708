import { INGRESSES, type KubeClient } from "@warren/host/kube";
import type { Ingress } from "../objects.ts";

/** networking.k8s.io/v1 IngressLoadBalancerIngress, without ports. */
export interface PublicAddress {
  readonly ip?: string;
  readonly hostname?: string;
}

/** The status of Ingresses whose class is Warren's, and of no others. */
export interface IngressStatus {
  /** Writes `status.loadBalancer` when it says something else; rejects with a KubeError. False: nothing was to be written. */
  write(ingress: Ingress, addresses: readonly PublicAddress[]): Promise<boolean>;
}

/**
 * Patches nothing but `status.loadBalancer.ingress`, and only of the very version that was seen: what
 * somebody else wrote meanwhile is looked at first.
 */
export function ingressStatus(client: KubeClient): IngressStatus {
  return {
    async write(seen, addresses) {
      if (addressesIn(seen) === textOf(addresses)) return false;
      const { namespace, name, resourceVersion, uid } = seen.metadata;
      const ingress = addresses.length === 0 ? null : addresses;
      await client.mergePatch(
        INGRESSES,
        { namespace, name },
        {
          subresource: "status",
          body: {
            metadata: { resourceVersion, uid },
            status: { loadBalancer: { ingress } },
          },
        },
      );
      return true;
    },
  };
}

/** What a status says, to compare with `textOf`. */
export function addressesIn({ status }: Ingress): string {
  return textOf(status?.loadBalancer?.ingress ?? []);
}

export function textOf(addresses: readonly PublicAddress[]): string {
  return addresses.map(({ ip = "", hostname = "" }) => `${ip} ${hostname}`).join();
}
