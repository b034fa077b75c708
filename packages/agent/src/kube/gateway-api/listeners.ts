import { no, yes, type Said } from "./conditions.ts";
import { certificateProblem } from "./certificate-refs.ts";
import type { CertificateLookUps, CertificateProblem } from "./certificate-refs.ts";
import { conflictsOf, overlapping, type Conflict } from "./listener-conflicts.ts";
import { GROUP, namespaceOf } from "./objects.ts";
import type { Gateway, Listener, RouteGroupKind, RouteKind } from "./objects.ts";

/** What a gateway does with what comes in at a listener. */
export type ListenerKind = "http" | "https" | "passthrough" | "tcp";

/** A listener as routes and its status see it. */
export interface JudgedListener {
  readonly listener: Listener;
  /** Undefined: nothing that a gateway could do. */
  readonly kind: ListenerKind | undefined;
  /** Kinds of routes that may attach. */
  readonly supported: readonly RouteKind[];
  /** Routes are published through it. */
  readonly programmed: boolean;
  readonly accepted: boolean;
  /** Secrets with a certificate for it, by `namespace/name`. */
  readonly secrets: readonly string[];
  readonly conditions: readonly Said[];
}

export interface ListenerLookUps extends CertificateLookUps {
  /** Where Warren's gateways listen: other ports of these protocols are not theirs to give. */
  readonly ports: { readonly http: number; readonly tls: number };
}

/** Conditions of a listener that are ours, also where they are absent now. */
export const LISTENER_CONDITIONS = [
  "Accepted",
  "Conflicted",
  "Programmed",
  "ResolvedRefs",
  "OverlappingTLSConfig",
];
/** `tls.options`: the certificates are those that Warren's gateways have themselves. */
const CERTIFICATE_OPTION = "warren.dev/certificate";

const KINDS: Readonly<Record<string, readonly RouteKind[]>> = {
  http: ["HTTPRoute", "GRPCRoute"],
  https: ["HTTPRoute", "GRPCRoute"],
  passthrough: ["TLSRoute"],
  tcp: ["TCPRoute"],
};

/** What becomes of each listener of a Gateway, in their order. */
export function judgeListeners(gateway: Gateway, look: ListenerLookUps): JudgedListener[] {
  const { listeners } = gateway.spec;
  const conflicts = conflictsOf(listeners);
  const overlaps = overlapping(listeners);
  return listeners.map((listener) =>
    judge(
      { gateway, listener, conflict: conflicts.get(listener.name) },
      overlaps.has(listener.name),
      look,
    ),
  );
}

interface Case {
  gateway: Gateway;
  listener: Listener;
  conflict: Conflict | undefined;
}

function judge(given: Case, overlaps: boolean, look: ListenerLookUps): JudgedListener {
  const { gateway, listener, conflict } = given;
  const kind = kindOf(listener);
  const acceptance = acceptanceOf(given, kind, look);
  const accepted = acceptance.status === "True";
  const { supported, problem } = kindsOf(listener, kind);
  const { usable, resolution, secrets } = referencesOf(gateway, listener, look);
  const resolved = problem ?? resolution;
  const programmed = accepted && usable;
  const conditions = [
    acceptance,
    conflictCondition(conflict),
    resolved,
    programmed
      ? yes("Programmed", "Programmed", "Warren's gateways serve it")
      : no("Programmed", "Invalid", (accepted ? resolved : acceptance).message),
  ];
  if (overlaps)
    conditions.push(
      yes(
        "OverlappingTLSConfig",
        "OverlappingHostnames",
        "another HTTPS listener of this port has hosts in common: a client may reuse a connection",
      ),
    );
  return { listener, kind, supported, programmed, accepted, secrets, conditions };
}

function kindOf({ protocol, tls }: Listener): ListenerKind | undefined {
  if (protocol === "HTTP") return "http";
  if (protocol === "HTTPS") return "https";
  if (protocol === "TCP") return "tcp";
  return protocol === "TLS" && tls?.mode === "Passthrough" ? "passthrough" : undefined;
}

function acceptanceOf(
  { gateway, listener, conflict }: Case,
  kind: ListenerKind | undefined,
  { ports }: ListenerLookUps,
): Said {
  const { protocol, port } = listener;
  if (conflict !== undefined) return no("Accepted", conflict.reason, conflict.message);
  if (kind === undefined && protocol !== "TLS")
    return no("Accepted", "UnsupportedProtocol", `Warren's gateways do not serve ${protocol}`);
  const unsupported = unsupportedValue(gateway, listener);
  if (unsupported !== undefined) return no("Accepted", "UnsupportedValue", unsupported);
  const wanted = kind === "http" ? ports.http : ports.tls;
  if (kind !== "tcp" && port !== wanted)
    return no(
      "Accepted",
      "PortUnavailable",
      `Warren's gateways serve ${protocol} on port ${wanted}, not on ${port}`,
    );
  return yes("Accepted", "Accepted", "the listener is valid");
}

/** What the listener asks for and Warren has not. */
function unsupportedValue(
  gateway: Gateway,
  { protocol, tls, port, filters }: Listener,
): string | undefined {
  if (protocol === "TLS" && tls?.mode !== "Passthrough")
    return "TLS is terminated for HTTPS listeners alone: use mode Passthrough";
  if (protocol === "HTTPS" && tls?.mode === "Passthrough")
    return "an HTTPS listener terminates TLS: use protocol TLS for Passthrough";
  if ((filters?.requests ?? []).length > 0) return "listeners have no filters";
  const foreign = Object.keys(tls?.options ?? {}).find((key) => key !== CERTIFICATE_OPTION);
  if (foreign !== undefined) return `tls.options ${foreign} is unknown`;
  const own = tls?.options?.[CERTIFICATE_OPTION];
  if (own !== undefined && own !== "gateway")
    return `tls.options ${CERTIFICATE_OPTION} is "gateway"`;
  if (protocol !== "HTTPS") return undefined;
  const { default: everywhere, perPort = [] } = gateway.spec.tls?.frontend ?? {};
  const here = perPort.find((one) => one.port === port);
  const validation = here === undefined ? everywhere?.validation : here.tls?.validation;
  return validation === undefined && tls?.frontendValidation === undefined
    ? undefined
    : "clients' certificates are not verified";
}

function conflictCondition(conflict: Conflict | undefined): Said {
  return conflict === undefined
    ? no("Conflicted", "NoConflicts", "no other listener is like it")
    : yes("Conflicted", conflict.reason, conflict.message);
}

/** `allowedRoutes.kinds` as far as they are served here; ResolvedRefs says what is not. */
function kindsOf(listener: Listener, kind: ListenerKind | undefined) {
  const possible = kind === undefined ? [] : KINDS[kind]!;
  const asked = listener.allowedRoutes?.kinds ?? [];
  if (asked.length === 0) return { supported: possible, problem: undefined };
  const supported = possible.filter((one) => asked.some((wish) => isKind(wish, one)));
  const strange = asked.filter((wish) => !possible.some((one) => isKind(wish, one)));
  const problem =
    strange.length === 0
      ? undefined
      : no(
          "ResolvedRefs",
          "InvalidRouteKinds",
          `no ${listener.protocol} listener takes ${strange.map((one) => one.kind).join(", ")}`,
        );
  return { supported, problem };
}

function isKind({ group = GROUP, kind }: RouteGroupKind, wanted: RouteKind): boolean {
  return group === GROUP && kind === wanted;
}

/** Usable with one certificate of several; without any where the gateways' own are meant. */
function referencesOf(gateway: Gateway, listener: Listener, look: ListenerLookUps) {
  const references = listener.protocol === "HTTPS" ? (listener.tls?.certificateRefs ?? []) : [];
  const namespace = namespaceOf(gateway);
  const problems: CertificateProblem[] = [];
  const secrets: string[] = [];
  for (const one of references) {
    const problem = certificateProblem(one, namespace, look);
    if (problem === undefined) secrets.push(`${one.namespace ?? namespace}/${one.name}`);
    else problems.push(problem);
  }
  const [first] = problems;
  const usable = problems.length === 0 || problems.length < references.length;
  const resolution =
    first === undefined
      ? yes("ResolvedRefs", "ResolvedRefs", "all references are resolved")
      : no("ResolvedRefs", first.reason, problems.map(({ message }) => message).join("; "));
  return { usable, resolution, secrets };
}
