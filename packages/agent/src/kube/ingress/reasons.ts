/** Every reason of an Event about an Ingress. Never renamed: people search for them (docs/annotations.md lists them). */
export const INGRESS_REASONS = [
  "Published",
  "DefaultHosts",
  "HostTaken",
  "HostOfOther",
  "HostNotAllowed",
  "QuotaExceeded",
  "EndpointNotAllowed",
  "InvalidRoute",
  "RouteRefused",
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
  "InternalClass",
  "UnknownAnnotation",
  "InvalidAnnotation",
  "UnsupportedAnnotation",
  "StatusContested",
] as const;

export type IngressReason = (typeof INGRESS_REASONS)[number];
