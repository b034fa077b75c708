import { connect, isIP, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Target } from "../target.ts";

/** A silent peer that vanished without a FIN is noticed by the kernel's probes after this long. */
const KEEPALIVE_MS = 30_000;

export function isTls(target: Target): boolean {
  return target.protocol === "https" || target.protocol === "h2";
}

/** The event with which the connection is ready to be spoken on. */
export function readyEvent(target: Target): "connect" | "secureConnect" {
  return isTls(target) ? "secureConnect" : "connect";
}

/**
 * Begins to connect. A name with several addresses is tried as RFC 8305 says (Node does that). With
 * TLS the certificate is verified against the target's settings before `secureConnect`.
 */
export function connectTo(target: Target, onread: OnReadOpts | undefined): Socket {
  const { host, port, tls } = target;
  const tcp = {
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
    ...(onread === undefined ? {} : { onread }),
  };
  if (!isTls(target)) return connect(tcp);
  const name = tls.serverName ?? host;
  return connectTls({
    ...tcp,
    ALPNProtocols: [target.protocol === "h2" ? "h2" : "http/1.1"],
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    rejectUnauthorized: !tls.insecure,
  });
}
