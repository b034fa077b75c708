import type { Clock, Stream } from "@warren/tunnel";

/** One connection's other end, chosen and judged by the gateway: nothing else is dialled. */
export interface EndpointTarget {
  /** A literal address. */
  address: string;
  port: number;
  /** TLS, verified for `serverName`. */
  secure: boolean;
  serverName: string;
  /** HTTP/2, by prior knowledge or ALPN; else HTTP/1.1. */
  http2: boolean;
  connectTimeoutMs: number;
}

/** A request for an endpoint. */
export interface EndpointJob {
  /** The accepter's end: heads, bytes and trailers as an agent would say them. */
  stream: Stream;
  /** As in an opening, latin-1. */
  head: Uint8Array;
  /** No body follows. */
  ended: boolean;
  upgrade: boolean;
}

/**
 * Speaks HTTP to endpoints: connections kept and shared by target, answers checked, upgrades as
 * raw bytes, no redirect followed. When no connection can be had the stream is reset with
 * `upstream_unreachable` or `upstream_timeout`, unread.
 */
export interface Upstreams {
  serve(job: EndpointJob, target: EndpointTarget): void;
  /** Closes what is idle; what is in use ends with its streams. */
  close(): void;
}

export interface UpstreamsDeps {
  clock: Clock;
  /** Certificate authorities in PEM, besides those that everybody trusts. */
  ca: string | undefined;
  broke: (reason: unknown) => void;
}

export type OpenUpstreams = (deps: UpstreamsDeps) => Upstreams;
