import { readFile } from "node:fs/promises";
import { dialWebSocket, proxyFor, WEBSOCKET_LIMITS } from "@warren/host";
import type { Heard, Transport } from "@warren/tunnel";
import { isErrorCode, SUBPROTOCOL, TUNNEL_PATH, WireError } from "@warren/wire";
import type { AgentConfig } from "../config.ts";

/** Dials gateways as configured: CA, client certificate and proxy are read at each dial. */
export class GatewayDial {
  readonly #config: Pick<AgentConfig, "dial">;
  readonly #signal: AbortSignal;

  constructor(config: Pick<AgentConfig, "dial">, signal: AbortSignal) {
    this.#config = config;
    this.#signal = signal;
  }

  /** Rejects with a WireError. */
  async dial(gatewayUrl: string, token: string, heard: Heard): Promise<Transport> {
    const { dial } = this.#config;
    const url = new URL(TUNNEL_PATH, gatewayUrl);
    const [ca, cert, key] = await Promise.all([
      readIf(dial.caFile),
      readIf(dial.certFile),
      readIf(dial.keyFile),
    ]);
    const dialled = await dialWebSocket(
      {
        url,
        token,
        ca,
        cert,
        key,
        subprotocol: SUBPROTOCOL,
        proxy: proxyFor(url, dial.proxy),
        handshakeTimeoutMs: dial.handshakeTimeoutMs,
        limits: WEBSOCKET_LIMITS,
        signal: this.#signal,
      },
      heard,
    );
    switch (dialled.kind) {
      case "open":
        return dialled.transport;
      case "refused":
        throw refusal(dialled);
      case "failed":
        throw new WireError("upstream_unreachable", dialled.error.message, {
          cause: dialled.error,
        });
    }
  }
}

/** A gateway's refusal in the words of the error table; anything else that answered is no gateway. */
function refusal(said: {
  status: number;
  retryAfterMs: number | undefined;
  body: unknown;
}): WireError {
  const { status, retryAfterMs } = said;
  const error = (said.body as { error?: { code?: unknown; message?: unknown } } | undefined)?.error;
  const again = retryAfterMs === undefined ? {} : { retryAfterMs };
  const message = typeof error?.message === "string" ? error.message : undefined;
  if (isErrorCode(error?.code)) return new WireError(error.code, message ?? error.code, again);
  if (status === 401) return new WireError("unauthorized", "the gateway refused the token", again);
  if (status === 403) return new WireError("forbidden", "the gateway refused this agent", again);
  const text = `answered ${status}: is this a Warren gateway?`;
  return new WireError("upstream_failed", text, again);
}

async function readIf(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : readFile(file);
}
