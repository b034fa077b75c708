import type { Destination } from "@warren/agent";

/** Where the world finds `host`, as far as the gateway's own address tells. */
export function publicUrl(gateway: string, host: string, path: string, to: Destination): string {
  const { protocol, host: place, port } = new URL(gateway);
  const secure = protocol === "wss:" || to.passthrough;
  const suffix = port === "" ? "" : place.slice(place.lastIndexOf(":"));
  return `${secure ? "https" : "http"}://${host}${suffix}${path}`;
}

/** Where a public TCP port is found. */
export function publicPlace(gateway: string, name: string | undefined, port: number): string {
  return `tcp://${name ?? new URL(gateway).hostname}:${port}`;
}
