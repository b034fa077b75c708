import type { TargetProtocol } from "./target.ts";

/** Where a service is, as a person writes it. */
export interface Destination {
  protocol: TargetProtocol;
  /** TLS is passed through untouched, chosen by its server name. */
  passthrough: boolean;
  host: string;
  port: number;
}

const SCHEMES: Readonly<Record<string, Pick<Destination, "protocol" | "passthrough">>> = {
  http: { protocol: "http", passthrough: false },
  https: { protocol: "https", passthrough: false },
  h2c: { protocol: "h2c", passthrough: false },
  h2: { protocol: "h2", passthrough: false },
  tcp: { protocol: "tcp", passthrough: false },
  tls: { protocol: "tcp", passthrough: true },
};
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
const SCHEME = /^([a-z0-9]+):\/\//i;
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::(\d{1,5}))?$/i;
const PORT = /^\d{1,5}$/;

export const DESTINATION_FORMS =
  "a port, host:port, or one of http, https, h2c, h2, tcp, tls before ://host:port";

/**
 * Reads `3000`, `box:3000`, `tcp://box:5432`... A bare port is one of this machine, by the name
 * `localhost`, since development servers listen on ::1 as often as on 127.0.0.1. Undefined when it
 * is none of that: no path, user or query has a meaning here.
 */
export function parseDestination(text: string): Destination | undefined {
  const said = SCHEME.exec(text)?.[1]?.toLowerCase();
  const scheme = SCHEMES[said ?? "http"];
  const rest = said === undefined ? text : text.slice(said.length + 3);
  const [host, port] = PORT.test(rest)
    ? ["localhost", rest]
    : (HOST_AND_PORT.exec(rest)?.slice(1) ?? []);
  // A bare name without scheme or port is more likely a mistake than a wish for port 80.
  const number = Number(port ?? DEFAULT_PORTS[said ?? ""]);
  if (scheme === undefined || host === undefined || !(number >= 1 && number <= 65_535))
    return undefined;
  return { ...scheme, host: host.replace(/^\[|\]$/g, ""), port: number };
}
