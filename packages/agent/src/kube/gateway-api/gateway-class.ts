import { no, yes, type Said } from "./conditions.ts";
import type { GatewayClass } from "./objects.ts";

export const CLASS_CONDITIONS = ["Accepted", "SupportedVersion"];
/** Releases of the CRDs that this was read against; later ones of version 1 add to them. */
const NEWEST_MINOR = 7;
/** Before this release the standard CRDs have no `supportedFeatures`, or have it as plain text. */
const FEATURES_SINCE_MINOR = 4;

/** The version in the CRDs' annotation `gateway.networking.k8s.io/bundle-version`. */
export type BundleVersion = string | undefined;

/** What conformance tests call the things that work (sigs.k8s.io/gateway-api pkg/features), sorted. */
export const SUPPORTED_FEATURES = [
  "GRPCRoute",
  "GRPCRouteNamedRouteRule",
  "GRPCRouteRequestHeaderModifier",
  "Gateway",
  "GatewayAddressEmpty",
  "HTTPRoute",
  "HTTPRoute303RedirectStatusCode",
  "HTTPRoute307RedirectStatusCode",
  "HTTPRoute308RedirectStatusCode",
  "HTTPRouteBackendProtocolH2C",
  "HTTPRouteBackendProtocolWebSocket",
  "HTTPRouteBackendTimeout",
  "HTTPRouteHostRewrite",
  "HTTPRouteMethodMatching",
  "HTTPRouteNamedRouteRule",
  "HTTPRouteParentRefPort",
  "HTTPRoutePathRedirect",
  "HTTPRoutePathRewrite",
  "HTTPRoutePortRedirect",
  "HTTPRouteQueryParamMatching",
  "HTTPRouteRequestTimeout",
  "HTTPRouteResponseHeaderModification",
  "HTTPRouteSchemeRedirect",
  "ReferenceGrant",
  "TCPRoute",
  "TLSRoute",
] as const;

export function isOurs(
  gatewayClass: GatewayClass | undefined,
  controllerName: string,
): gatewayClass is GatewayClass {
  return gatewayClass?.spec.controllerName === controllerName;
}

export function isAccepted({ spec }: GatewayClass): boolean {
  return spec.parametersRef === undefined;
}

/** Serves also bundles that nobody knew when this was written, and says so. */
export function classConditions(gatewayClass: GatewayClass, version: BundleVersion): Said[] {
  const accepted = isAccepted(gatewayClass)
    ? yes("Accepted", "Accepted", "Warren's gateways serve Gateways of this class")
    : no("Accepted", "InvalidParameters", "a Warren class takes no parameters");
  const known = minorOf(version) !== undefined && minorOf(version)! <= NEWEST_MINOR;
  const found = version ?? "without a bundle version";
  return [
    accepted,
    known
      ? yes("SupportedVersion", "SupportedVersion", `Gateway API ${found}`)
      : no(
          "SupportedVersion",
          "UnsupportedVersion",
          `the CRDs are ${found}; v1.0 to v1.${NEWEST_MINOR} are known, others are served as well as can be`,
        ),
  ];
}

/** Undefined where the CRDs have no place for it. */
export function supportedFeatures(version: BundleVersion): { name: string }[] | undefined {
  const minor = minorOf(version);
  if (minor === undefined || minor < FEATURES_SINCE_MINOR) return undefined;
  return SUPPORTED_FEATURES.map((name) => ({ name }));
}

function minorOf(version: BundleVersion): number | undefined {
  const minor = /^v1\.(\d+)\./.exec(version ?? "")?.[1];
  return minor === undefined ? undefined : Number(minor);
}
