import { WireError } from "@warren/wire";
import type { Target } from "../target.ts";

/** Why a connect failed, as a metric's label. */
export const CONNECT_FAILURES = [
  "refused",
  "timeout",
  "name",
  "unreachable",
  "tls",
  "other",
] as const;
export type ConnectFailure = (typeof CONNECT_FAILURES)[number];

/** What the layer that talks to services reports. */
export interface UpstreamEvents {
  connected(): void;
  connectFailed(target: Target, failure: { reason: ConnectFailure; error: WireError }): void;
  /** A request went out again because its pooled connection died unused. */
  retried(): void;
  /** A bug: something here threw at what a service said. */
  broke(reason: unknown): void;
}

const TIMED_OUT = "ETIMEDOUT";
const REASONS: Readonly<Record<string, ConnectFailure>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  ENOTFOUND: "name",
  EAI_AGAIN: "name",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
};

/** The error with which a connect that takes too long is given up. */
export function connectTimeout(): NodeJS.ErrnoException {
  return Object.assign(new Error("connect timed out"), { code: TIMED_OUT });
}

/** Names what went wrong; the peer hears a fixed text, the cause stays here. */
export function connectError(cause: NodeJS.ErrnoException | undefined): {
  reason: ConnectFailure;
  error: WireError;
} {
  const reason = reasonOf(cause);
  const error =
    reason === "timeout"
      ? new WireError("upstream_timeout", "the service did not accept a connection in time", {
          cause,
        })
      : new WireError("upstream_unreachable", "the service cannot be reached", { cause });
  return { reason, error };
}

function reasonOf(cause: NodeJS.ErrnoException | undefined): ConnectFailure {
  const code = cause?.code ?? "";
  // Certificate errors have many codes of their own; all others that we name begin with E.
  return (
    REASONS[code] ??
    (/^(ERR_TLS|ERR_SSL|CERT|UNABLE|SELF_SIGNED|DEPTH|EPROTO)/.test(code) ? "tls" : "other")
  );
}

/** The service broke the connection off, or said something that is not HTTP. */
export function broken(message: string, cause?: unknown): WireError {
  return new WireError("upstream_failed", message, { cause });
}
