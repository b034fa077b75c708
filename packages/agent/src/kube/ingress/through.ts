import { createTarget, type Target, type TargetProtocol } from "../../target.ts";
import type { ControllerTarget } from "../cluster-view.ts";
import type { Ingress } from "../objects.ts";
import type { Place } from "./places.ts";
import type { IsTlsHost } from "./tls.ts";

const NGINX = "nginx.ingress.kubernetes.io/";
const TRAEFIK = "traefik.ingress.kubernetes.io/";

export interface ControllerDial {
  readonly target: ControllerTarget;
  readonly connectTimeoutMs: number;
  /** Of the same Ingress. */
  readonly isTls: IsTlsHost;
}

/**
 * How an Ingress's own controller is dialled for one of its hosts. A host with TLS is asked for over
 * TLS, since a controller would send plain requests back to https for ever. Its certificate is not
 * verified (decisions/0282). Undefined when the controller has no port at all.
 */
export function controllerTarget(
  ingress: Ingress,
  host: string,
  { target, connectTimeoutMs, isTls }: ControllerDial,
): Target | undefined {
  const { httpPort, httpsPort } = target;
  const wantsTls = isTls(host) || asksTraefikForTls(ingress);
  const secure = (wantsTls && httpsPort !== undefined) || httpPort === undefined;
  const port = secure ? httpsPort : httpPort;
  if (port === undefined) return undefined;
  const protocol = protocolTo(ingress, target, secure);
  const tls = { ca: undefined, serverName: serverNameOf(host), insecure: true };
  const how = { host: target.host, port, protocol, connectTimeoutMs };
  return createTarget(secure ? { ...how, tls } : how);
}

/** gRPC needs HTTP/2 all the way; nginx speaks it over TLS alone. */
function protocolTo(
  { metadata: { annotations = {} } }: Ingress,
  { type }: ControllerTarget,
  secure: boolean,
): TargetProtocol {
  const isGrpc =
    /^grpcs?$/i.test(annotations[`${NGINX}backend-protocol`] ?? "") ||
    annotations[`${TRAEFIK}service.serversscheme`] === "h2c";
  if (secure) return isGrpc ? "h2" : "https";
  return isGrpc && type === "traefik" ? "h2c" : "http";
}

/** Traefik answers such an Ingress on its TLS entry point alone. */
function asksTraefikForTls({ metadata: { annotations = {} } }: Ingress): boolean {
  const points = annotations[`${TRAEFIK}router.entrypoints`]?.split(",").map((one) => one.trim());
  return (
    annotations[`${TRAEFIK}router.tls`] === "true" ||
    (points !== undefined && points.includes("websecure") && !points.includes("web"))
  );
}

/** A name that a wildcard covers: SNI has no patterns (RFC 6066 §3). */
function serverNameOf(host: string): string {
  return host.replace(/^\*\*?\./, "any.");
}

const EXPRESSION = /[*^$()[\]{}|\\?+]/;

/** True for a path that only a controller with regular expressions, or wildcards, reads as meant. */
export function isExpression({ path, pathType }: Place): boolean {
  return pathType === "ImplementationSpecific" && EXPRESSION.test(path);
}

/** nginx reads every path of a host as an expression where one Ingress has one of these. */
export function readsExpressions(
  { metadata: { annotations = {} } }: Ingress,
  { type }: ControllerTarget,
): boolean {
  const isRegex = annotations[`${NGINX}use-regex`] === "true";
  return isRegex || (type === "nginx" && Object.hasOwn(annotations, `${NGINX}rewrite-target`));
}

/**
 * True where `/a` is `/ab` too: Traefik reads every prefix so, unless its `strictPrefixMatching` is set, and
 * what is left to the implementation all do (nginx, HAProxy, Contour, Kong).
 */
export function comparesCharacters(
  { path, pathType }: Place,
  { type }: Pick<ControllerTarget, "type">,
): boolean {
  if (pathType === "Exact" || path.endsWith("/")) return false;
  return type === "traefik" || pathType === "ImplementationSpecific";
}
