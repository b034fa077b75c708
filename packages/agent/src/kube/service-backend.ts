import { createTarget, type Target, type TargetProtocol, type TlsSettings } from "../target.ts";
import type { ClusterView, Problem } from "./cluster-view.ts";
import type { EndpointSlice, Service, ServicePort } from "./objects.ts";

/** A Service's port as an Ingress or a route names it. */
export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  /** A number is one of the Service's ports, never of its pods. */
  readonly port: number | string | undefined;
}

/** A Service's port that exists and may be published. */
export interface ServiceFound {
  readonly ok: true;
  readonly service: Service;
  readonly port: ServicePort;
}

export type ServiceLookup = ServiceFound | { readonly ok: false; readonly problem: Problem };

/**
 * Finds the port that is meant. Never published are the Kubernetes API itself, and names outside the
 * cluster (ExternalName), which would make the agent dial whatever somebody writes (G-125); one that
 * somebody else dials, as an Ingress's controller does, may be outside.
 */
export function findService(
  view: ClusterView,
  { namespace, name, port }: ServiceReference,
  dialled: "here" | "elsewhere",
): ServiceLookup {
  const at = `${namespace}/${name}`;
  if (at === "default/kubernetes")
    return refused("UnsupportedBackend", "the Kubernetes API is never published");
  const service = view.service(namespace, name);
  if (service === undefined) return refused("NoSuchService", `there is no Service ${at}`);
  const outside = service.spec?.type === "ExternalName";
  if (outside && dialled === "here")
    return refused("UnsupportedBackend", `Service ${at} is an ExternalName, which is not dialled`);
  const outsidePort = outside && typeof port === "number" ? { port } : undefined;
  const found = portOf(service, port) ?? outsidePort;
  return found === undefined
    ? refused("PortUnknown", `Service ${at} has no TCP port ${port ?? "given"}`)
    : { ok: true, service, port: found };
}

function portOf({ spec }: Service, wanted: number | string | undefined): ServicePort | undefined {
  const ports = (spec?.ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  return ports.find(({ name, port }) =>
    typeof wanted === "number" ? port === wanted : wanted !== undefined && name === wanted,
  );
}

function refused(reason: string, message: string): ServiceLookup {
  return { ok: false, problem: { reason, message } };
}

/** KEP-3726: words of `appProtocol` that say how a port is spoken to. */
const APP_PROTOCOLS: Readonly<Record<string, TargetProtocol>> = {
  "kubernetes.io/h2c": "h2c",
  "kubernetes.io/ws": "http",
  "kubernetes.io/wss": "https",
  http: "http",
  https: "https",
};

/** How a port asks to be spoken to; undefined when it does not say. */
export function appProtocolOf({ appProtocol = "" }: ServicePort): TargetProtocol | undefined {
  return Object.hasOwn(APP_PROTOCOLS, appProtocol) ? APP_PROTOCOLS[appProtocol] : undefined;
}

export interface ServiceDial {
  readonly protocol: TargetProtocol;
  /** For https and h2; the name in the certificate is the Service's own unless said. */
  readonly tls: TlsSettings;
  readonly connectTimeoutMs: number;
}

/**
 * Where a Service is dialled: its cluster address, or for a headless one an endpoint that is ready.
 * Undefined when a headless Service has none.
 */
export function serviceTarget(
  view: ClusterView,
  { service, port }: ServiceFound,
  { protocol, tls, connectTimeoutMs }: ServiceDial,
): Target | undefined {
  const { name, namespace = "default" } = service.metadata;
  const how = {
    protocol,
    connectTimeoutMs,
    tls: { ...tls, serverName: tls.serverName ?? `${name}.${namespace}.svc` },
  };
  const { clusterIP = "" } = service.spec ?? {};
  if (clusterIP !== "" && clusterIP !== "None")
    return createTarget({ ...how, host: clusterIP, port: port.port });
  const [first] = addressesOf(view.endpoints(namespace, name), port);
  return first === undefined ? undefined : createTarget({ ...how, ...first });
}

/** Ready addresses behind a Service's port, sorted: every replica of the agent sees the same order. */
function addressesOf(slices: readonly EndpointSlice[], { name = "" }: ServicePort) {
  const all: { host: string; port: number }[] = [];
  for (const { endpoints, ports } of slices) {
    const port = ports?.find((one) => (one.name ?? "") === name)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions } of endpoints ?? [])
      if (conditions?.ready !== false && addresses[0] !== undefined)
        all.push({ host: addresses[0], port });
  }
  return all.sort((one, other) => (one.host < other.host ? -1 : 1));
}
