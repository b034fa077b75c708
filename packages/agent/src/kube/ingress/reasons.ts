/** Every reason of an Event about an Ingress. Never renamed: people search for them (docs/annotations.md lists them). */
export const INGRESS_REASONS = [
  "Published",
  "DefaultHosts",
  "HostTaken",
  "HostNotAllowed",
  "QuotaExceeded",
  "EndpointNotAllowed",
  "InvalidRoute",
  "RouteRefused",
  "GatewayTooOld",
  "Conflict",
  "NoSuchService",
  "PortUnknown",
  "NoEndpoints",
  "UnsupportedBackend",
  "UnsupportedPath",
  "NoController",
  "NoHost",
  "NoEndpoint",
  "SystemNamespace",
  "UnknownAnnotation",
  "InvalidAnnotation",
  "UnsupportedAnnotation",
] as const;

export type IngressReason = (typeof INGRESS_REASONS)[number];
