import type { EndpointAffinity } from "../endpoint-choice.ts";
import {
  createEndpointsTarget,
  createTarget,
  type Target,
  type TargetProtocol,
  type TlsSettings,
} from "../target.ts";
import type { ClusterView, Problem } from "./cluster-view.ts";
import type { Service, ServicePort } from "./objects.ts";
import { isHeadless, wantsClientIp } from "./service-endpoints.ts";
import { sharedEndpoints } from "./shared-endpoints.ts";

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

/** Why the Service is led to by nobody, also not by a controller that dials it; undefined when it may be. */
export function whyForbidden(
  view: ClusterView,
  { namespace, name }: Pick<ServiceReference, "namespace" | "name">,
): Problem | undefined {
  const at = `${namespace}/${name}`;
  if (at === "default/kubernetes") return unsupported("the Kubernetes API is never published");
  const why = view.forbidden(namespace, name);
  return why === undefined ? undefined : unsupported(`Service ${at} ${why}`);
}

function unsupported(message: string): Problem {
  return { reason: "UnsupportedBackend", message };
}

/**
 * Finds the port that is meant. Never dialled is what is forbidden, and names outside the cluster
 * (ExternalName), which would make the agent dial whatever somebody writes (G-125); one that
 * somebody else dials, as an Ingress's controller does, may be outside.
 */
export function findService(
  view: ClusterView,
  { namespace, name, port }: ServiceReference,
  dialled: "here" | "elsewhere",
): ServiceLookup {
  const at = `${namespace}/${name}`;
  const forbidden = dialled === "here" ? whyForbidden(view, { namespace, name }) : undefined;
  if (forbidden !== undefined) return { ok: false, problem: forbidden };
  const service = view.service(namespace, name);
  if (service === undefined) return refused("NoSuchService", `there is no Service ${at}`);
  const outside = service.spec?.type === "ExternalName";
  if (outside && dialled === "here")
    return {
      ok: false,
      problem: unsupported(`Service ${at} is an ExternalName, which is not dialled`),
    };
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
  /** By what the object that leads there keeps a client at its pod; `none`: as the Service itself says. */
  readonly affinity: EndpointAffinity;
}

/** True when whoever leads to the Service dials its pods one by one: what is dialled changes as they come and go. */
export function isDialledAtPods(service: Service): boolean {
  return isHeadless(service) || wantsClientIp(service);
}

/**
 * Where a Service is dialled: at its cluster address. Its pods are chosen here where it has none, and
 * where a client is to stay with its pod: at the cluster address all clients look like one. Undefined
 * when a headless Service has no pod that could answer.
 */
export function serviceTarget(
  view: ClusterView,
  { service, port }: ServiceFound,
  { protocol, tls, connectTimeoutMs, affinity: asked }: ServiceDial,
): Target | undefined {
  const { name, namespace = "default" } = service.metadata;
  const serverName = tls.serverName ?? `${name}.${namespace}.svc`;
  const how = { protocol, connectTimeoutMs, tls: { ...tls, serverName }, port: port.port };
  const { clusterIP = "" } = service.spec ?? {};
  const affinity = asked === "none" && wantsClientIp(service) ? "client_ip" : asked;
  const headless = isHeadless(service);
  if (affinity === "none" && !headless) return createTarget({ ...how, host: clusterIP });
  const at = { ...how, host: headless ? serverName : clusterIP };
  const endpoints = sharedEndpoints(view.endpoints(namespace, name), { service, port, dial: at });
  if (endpoints.length === 0) return headless ? undefined : createTarget(at);
  return createEndpointsTarget(at, endpoints, affinity);
}
