import { isIP } from "node:net";
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

/** A condition that is absent counts as ready (discovery.k8s.io/v1, EndpointConditions). */
function sort(slice: EndpointSlice, port: number, { ready, ending }: Found): void {
  for (const { addresses, conditions = {} } of slice.endpoints ?? []) {
    const host = addresses[0];
    if (host === undefined || isIP(host) === 0) continue;
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

/** True when a Service's endpoints are dialled one by one instead of its cluster address. */
export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIP === "None" || spec?.clusterIP === "" || spec?.clusterIP === undefined;
}

/** The Service asks that a client stays with its pod. */
export function wantsClientIp({ spec }: Service): boolean {
  return spec?.sessionAffinity === "ClientIP";
}
