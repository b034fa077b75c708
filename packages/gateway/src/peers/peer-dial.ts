import { readFile } from "node:fs/promises";
import { dialWebSocket, WEBSOCKET_LIMITS } from "@warren/host";
import type { Heard, Transport } from "@warren/tunnel";
import { isErrorCode, SUBPROTOCOL, WireError } from "@warren/wire";
import type { GatewayConfig } from "../config.ts";
import { PeerKey } from "./peer-auth.ts";

export type PeersConfig = NonNullable<GatewayConfig["peers"]>;

const HANDSHAKE_MS = 5_000;

/** Dials the listener for gateways of another gateway, proving itself as configured. */
export class PeerDial {
  readonly #gatewayId: string;
  readonly #auth: PeersConfig["auth"];
  readonly #signal: AbortSignal;

  constructor(gatewayId: string, auth: PeersConfig["auth"], signal: AbortSignal) {
    this.#gatewayId = gatewayId;
    this.#auth = auth;
    this.#signal = signal;
  }

  /** Rejects with a WireError. */
  async dial(peerUrl: string, path: string, heard: Heard): Promise<Transport> {
    const dialled = await dialWebSocket(
      {
        url: new URL(path, peerUrl),
        subprotocol: SUBPROTOCOL,
        proxy: undefined,
        handshakeTimeoutMs: HANDSHAKE_MS,
        limits: WEBSOCKET_LIMITS,
        signal: this.#signal,
        ...(await this.#credential()),
      },
      heard,
    );
    switch (dialled.kind) {
      case "open":
        return dialled.transport;
      case "refused":
        throw refusalOf(dialled.status, dialled.body, dialled.retryAfterMs);
      case "failed":
        throw new WireError("upstream_unreachable", dialled.error.message, {
          cause: dialled.error,
        });
    }
  }

  async #credential() {
    const auth = this.#auth;
    if (auth.kind === "key") {
      const token = await new PeerKey(auth.keyFile).bearer(this.#gatewayId);
      return { token, ca: undefined, cert: undefined, key: undefined };
    }
    const [ca, cert, key] = await Promise.all([
      readFile(auth.caFile),
      readFile(auth.certFile),
      readFile(auth.keyFile),
    ]);
    return { token: this.#gatewayId, ca, cert, key };
  }
}

/** A handshake's refusal in the words of the error table. */
export function refusalOf(status: number, body: unknown, retryAfterMs?: number): WireError {
  const said = (body as { error?: { code?: unknown; message?: unknown } } | undefined)?.error;
  const message = typeof said?.message === "string" ? said.message : `answered ${status}`;
  const again = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (isErrorCode(said?.code)) return new WireError(said.code, message, again);
  if (status === 401) return new WireError("unauthorized", message, again);
  if (status === 403) return new WireError("forbidden", message, again);
  return new WireError("upstream_failed", message, again);
}
