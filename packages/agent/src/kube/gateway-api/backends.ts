import type { Backend } from "@warren/wire";
import type { EndpointAffinity } from "../../endpoint-choice.ts";
import { createTarget, type Target, type TargetProtocol, type TlsSettings } from "../../target.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { ServicePort } from "../objects.ts";
import { findService, serviceTarget } from "../service-backend.ts";
import type { CrossReference } from "./grants.ts";
import { GROUP, type BackendReference, type RouteKind } from "./objects.ts";

export interface BackendLookUps {
  readonly view: ClusterView;
  readonly granted: (reference: CrossReference) => boolean;
  /** A BackendTLSPolicy has demands on how the Service is spoken to. */
  hasTlsPolicy(namespace: string, name: string): boolean;
  /** How TLS services are verified. */
  readonly tls: TlsSettings;
  readonly connectTimeoutMs: number;
}

/** For one translation of a route. */
export interface RouteLookUps extends BackendLookUps {
  /** Where it leads, so far: however many references lead to a port, its pods are looked for once. */
  readonly dialled: Map<string, Target | "asleep">;
}

export interface BackendOwner {
  readonly kind: RouteKind;
  readonly namespace: string;
  /** How its Services are spoken to; undefined as their ports say. */
  readonly protocol: TargetProtocol | undefined;
  /** By what the route keeps a client at its pod. */
  readonly affinity: EndpointAffinity;
}

/** Why a reference leads nowhere: reason of ResolvedRefs, and the text. */
export interface BackendProblem {
  readonly reason:
    | "RefNotPermitted"
    | "InvalidKind"
    | "BackendNotFound"
    | "UnsupportedProtocol"
    | "BackendNotAllowed";
  readonly message: string;
}

/** A rule's backends with where they are; what leads nowhere is answered with an error. */
export interface BackendsRead {
  readonly backends: readonly Backend[];
  readonly targets: readonly Target[];
  readonly problems: readonly BackendProblem[];
}

/** A target for what is never dialled: the gateway answers in its place. */
export const NOWHERE: Target = createTarget({ host: "invalid.", port: 1 });
/** Words of `findService` that mean something else than that nothing is there. */
const REASONS: Readonly<Record<string, BackendProblem["reason"]>> = {
  UnsupportedBackend: "BackendNotAllowed",
};
/** KEP-3726, IANA names, and what charts write. */
const HTTP_PROTOCOLS: Readonly<Record<string, TargetProtocol>> = {
  "": "http",
  http: "http",
  ws: "http",
  "kubernetes.io/ws": "http",
  https: "https",
  wss: "https",
  "kubernetes.io/wss": "https",
  h2c: "h2c",
  http2: "h2c",
  grpc: "h2c",
  "kubernetes.io/h2c": "h2c",
};
/** HTTP/1.1 carries no gRPC: what says nothing better speaks HTTP/2. */
const GRPC_PROTOCOLS: Readonly<Record<string, TargetProtocol>> = {
  "": "h2c",
  http: "h2c",
  https: "h2",
  h2c: "h2c",
  http2: "h2c",
  grpc: "h2c",
  "kubernetes.io/h2c": "h2c",
};

/**
 * The backends of a rule, in the share that each has (HTTPBackendRef, BackendRef): a share that leads
 * nowhere is answered 500, of a GRPCRoute 503 (which is gRPC's UNAVAILABLE); so is everything where
 * there is no share at all. What has weight 0 gets nothing, but is looked at.
 */
export function readBackends(
  references: readonly BackendReference[] = [],
  owner: BackendOwner,
  look: RouteLookUps,
): BackendsRead {
  const problems: BackendProblem[] = [];
  const backends: Backend[] = [];
  const targets: Target[] = [];
  for (const reference of references) {
    const found = resolve(reference, owner, look);
    const answer = found === "asleep" ? 503 : "reason" in found ? answerOf(owner) : undefined;
    if (found !== "asleep" && "reason" in found) problems.push(found);
    const { weight = 1 } = reference;
    if (weight === 0) continue;
    backends.push({
      service: nameFor(reference.name),
      namespace: reference.namespace ?? owner.namespace,
      port: portFor(reference.port),
      weight,
      ...(answer === undefined ? {} : { answer }),
    });
    targets.push(found === "asleep" || "reason" in found ? NOWHERE : found);
  }
  if (backends.length > 0) return { backends, targets, problems };
  return { ...noBackends(owner), problems };
}

/** For a rule that has no share to give: all of it is answered with an error. */
export function noBackends(owner: BackendOwner): { backends: Backend[]; targets: Target[] } {
  const { namespace } = owner;
  return {
    backends: [{ service: "none", namespace, port: 1, weight: 1, answer: answerOf(owner) }],
    targets: [NOWHERE],
  };
}

function answerOf({ kind }: BackendOwner): 500 | 503 {
  return kind === "GRPCRoute" ? 503 : 500;
}

// What is written on the wire must be readable there, also when it is nonsense here.
function nameFor(name: string): string {
  return /^[A-Za-z0-9._:-]{1,253}$/.test(name) ? name : "invalid";
}
function portFor(port: number | undefined): number {
  return port !== undefined && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : 1;
}

/** `asleep`: a headless Service that has no endpoint now. */
function resolve(
  reference: BackendReference,
  owner: BackendOwner,
  look: RouteLookUps,
): Target | "asleep" | BackendProblem {
  const { group = "", kind = "Service", name, port } = reference;
  const namespace = reference.namespace ?? owner.namespace;
  if (group !== "" || kind !== "Service")
    return problem("InvalidKind", `${group === "" ? kind : `${group}/${kind}`} is no backend here`);
  const permitted =
    namespace === owner.namespace ||
    look.granted({
      from: { group: GROUP, kind: owner.kind, namespace: owner.namespace },
      to: { group: "", kind: "Service", namespace, name },
    });
  if (!permitted)
    return problem(
      "RefNotPermitted",
      `no ReferenceGrant in ${namespace} lets ${owner.kind}s of ${owner.namespace} use Service ${name}`,
    );
  const found = findService(look.view, { namespace, name, port }, "here");
  if (!found.ok)
    return problem(REASONS[found.problem.reason] ?? "BackendNotFound", found.problem.message);
  const where = `Service ${namespace}/${name}`;
  if (look.hasTlsPolicy(namespace, name))
    return problem(
      "UnsupportedProtocol",
      `${where} has a BackendTLSPolicy, which is not supported`,
    );
  const protocol = protocolOf(found.port, owner);
  if (protocol === undefined)
    return problem(
      "UnsupportedProtocol",
      `${where} speaks ${found.port.appProtocol} on port ${port}`,
    );
  const { tls, connectTimeoutMs, dialled } = look;
  const key = `${namespace}/${name} ${port}`;
  const how = { protocol, tls, connectTimeoutMs, affinity: owner.affinity };
  const target = dialled.get(key) ?? serviceTarget(look.view, found, how) ?? "asleep";
  dialled.set(key, target);
  return target;
}

function problem(reason: BackendProblem["reason"], message: string): BackendProblem {
  return { reason, message };
}

function protocolOf(
  { appProtocol = "" }: ServicePort,
  { kind, protocol }: BackendOwner,
): TargetProtocol | undefined {
  if (kind === "TCPRoute" || kind === "TLSRoute") return "tcp";
  if (protocol !== undefined) return protocol;
  return (kind === "GRPCRoute" ? GRPC_PROTOCOLS : HTTP_PROTOCOLS)[appProtocol.toLowerCase()];
}
