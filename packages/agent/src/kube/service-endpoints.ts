import { BlockList, isIP } from "node:net";
import type { EndpointAddress } from "../target.ts";
import type { EndpointSlice, Service, ServicePort } from "./objects.ts";

interface Found {
  ready: Map<string, EndpointAddress>;
  /** Those that end, and still answer. */
  ending: Map<string, EndpointAddress>;
}

/**
 * Where a Service's port is really answered: the endpoints that are ready; those that are ending and
 * still serve only when no other is left (KEP-1669, as kube-proxy does). A Service of two families
 * has slices of both: those of its cluster address's family count, so that no pod counts twice. In
 * order of address, so that every agent has the same list.
 */
export function endpointsOf(
  slices: readonly EndpointSlice[],
  { spec }: Service,
  { name = "" }: ServicePort,
): EndpointAddress[] {
  const family = familyOf(spec?.clusterIP) ?? someFamily(slices);
  const found: Found = { ready: new Map(), ending: new Map() };
  for (const slice of slices) {
    const port = slice.ports?.find((one) => (one.name ?? "") === name)?.port;
    if (slice.addressType === family && port !== undefined) sort(slice, port, found);
  }
  const all = found.ready.size > 0 ? found.ready : found.ending;
  return [...all].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, place]) => place);
}

/** Loopback and link-local: the agent itself, or the node's metadata. An API server refuses them too. */
const NEVER = new BlockList();
NEVER.addSubnet("0.0.0.0", 8, "ipv4");
NEVER.addSubnet("127.0.0.0", 8, "ipv4");
NEVER.addSubnet("169.254.0.0", 16, "ipv4");
NEVER.addAddress("::", "ipv6");
NEVER.addAddress("::1", "ipv6");
NEVER.addSubnet("fe80::", 10, "ipv6");

/** A condition that is absent counts as ready (discovery.k8s.io/v1, EndpointConditions). */
function sort(slice: EndpointSlice, port: number, { ready, ending }: Found): void {
  for (const { addresses, conditions = {} } of slice.endpoints ?? []) {
    const host = addresses[0];
    if (
      host === undefined ||
      isIP(host) === 0 ||
      NEVER.check(host, isIP(host) === 4 ? "ipv4" : "ipv6")
    )
      continue;
    const key = `${host}:${port}`;
    if (conditions.terminating === true) {
      if (conditions.serving !== false) ending.set(key, { host, port });
    } else if (conditions.ready !== false) ready.set(key, { host, port });
  }
}

function familyOf(clusterIP: string | undefined): string | undefined {
  const version = isIP(clusterIP ?? "");
  return version === 0 ? undefined : `IPv${version}`;
}

function someFamily(slices: readonly EndpointSlice[]): string {
  return slices.some(({ addressType }) => addressType === "IPv4") ? "IPv4" : "IPv6";
}

/** Where slices say that the Kubernetes API answers. */
export function placesOfApi(slices: readonly EndpointSlice[]): Set<string> {
  return new Set(
    slices.flatMap(({ endpoints, ports }) =>
      (endpoints ?? []).flatMap(({ addresses }) =>
        (ports ?? []).map(({ port }) => `${addresses[0]} ${port}`),
      ),
    ),
  );
}

/** True when a Service's endpoints are dialled one by one instead of its cluster address. */
export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIP === "None" || spec?.clusterIP === "" || spec?.clusterIP === undefined;
}

/** The Service asks that a client stays with its pod. */
export function wantsClientIp({ spec }: Service): boolean {
  return spec?.sessionAffinity === "ClientIP";
}
