import { isPublicAddress } from "@warren/host";
import type { PublicEndpoint } from "./cluster-view.ts";
import { portsOf } from "./ingress-controllers.ts";
import type { Service } from "./objects.ts";

/** What a load balancer's status says of its addresses. */
export interface Addresses {
  readonly ips: readonly string[];
  /** Names, as some clouds give them: public only if they resolve to something public. */
  readonly names: readonly string[];
}

/** Undefined for a Service that is no load balancer. */
export function addressesOf(service: Service): Addresses | undefined {
  if (service.spec?.type !== "LoadBalancer") return undefined;
  const given = service.status?.loadBalancer?.ingress ?? [];
  return {
    ips: given.flatMap(({ ip }) => (ip === undefined || ip === "" ? [] : [ip])),
    names: given.flatMap(({ ip, hostname }) => (ip || !hostname ? [] : [hostname])),
  };
}

/** The first address that the internet reaches, of those in the status. */
export function publicIp({ ips }: Addresses): string | undefined {
  return ips.find((ip) => isPublicAddress(ip));
}

/** Where a load balancer answers: its TLS port, else its HTTP port, else its first (G-113). */
export function endpointAt(service: Service, host: string): PublicEndpoint | undefined {
  const { http, https } = portsOf(service);
  if (https !== undefined) return { scheme: "https", host, port: https.port };
  const port = http ?? service.spec?.ports?.[0];
  return port && { scheme: "http", host, port: port.port };
}
