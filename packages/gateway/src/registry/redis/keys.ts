/**
 * Names in Redis. A place's braces keep nothing together on a Cluster but its own hash; `route:` keys
 * have none, because others read them by host and path as they are written.
 */
export const KEYS = {
  version: "warren:version",
  places: "warren:places",
  ports: "warren:ports",
  online: "warren:online",
  gateways: "warren:gateways",
  revoked: "warren:revoked",
  changes: "warren:changes",
  place: (place: string) => `warren:host:{${place}}`,
  cluster: (uuid: string) => `warren:cluster:{${uuid}}`,
  /** Of open routes, and of shut ones. Beside `cluster` on a Cluster: a script uses them all. */
  sizes: (uuid: string) => `warren:sizes:{${uuid}}`,
  shutSizes: (uuid: string) => `warren:sizes:shut:{${uuid}}`,
  claims: (group: string) => `warren:claims:{${groupTag(group)}}`,
  /** Of those, what has no routes: beside them on a Cluster. */
  unused: (group: string) => `warren:unused:{${groupTag(group)}}`,
  tunnel: (tunnelId: string) => `warren:tunnel:{${tunnelId}}`,
  tunnelsOf: (uuid: string) => `warren:tunnels:{${uuid}}`,
  route: (place: string, path: string) => `route:${place}:${path}`,
} as const;

/** A group's name without spaces and braces. */
export function groupTag(group: string): string {
  return encodeURIComponent(group);
}
