import type { Duplex } from "node:stream";
import { acceptWebSocket, WEBSOCKET_LIMITS, type Upgrade, type WebSocketHeard } from "@warren/host";
import type { Heard, Transport } from "@warren/tunnel";
import { SUBPROTOCOL, WireError } from "@warren/wire";

/** Each step of an arrival takes no longer: TLS, the request's head, saying who it is. */
export const HANDSHAKE_MS = 10_000;

/** What a server for handshakes alone is made with: who connects and does not get on is cut. */
export function handshakeTimes(ms: number): {
  headersTimeout: number;
  requestTimeout: number;
  handshakeTimeout: number;
  connectionsCheckingInterval: number;
} {
  const connectionsCheckingInterval = Math.ceil(ms / 10);
  return {
    headersTimeout: ms,
    requestTimeout: ms,
    handshakeTimeout: ms,
    connectionsCheckingInterval,
  };
}

/** A WebSocket speaks before its hearer exists by a hair: this forwards once it does. */
class Forward implements WebSocketHeard {
  to: Heard | undefined;
  onBinary(message: Uint8Array): void {
    this.to?.onBinary(message);
  }
  onText(message: string): void {
    this.to?.onText(message);
  }
  onClose(code: number, reason: string): void {
    this.to?.onClose(code, reason);
  }
}

/**
 * Authenticates an upgrade request and makes a transport of it. `authenticate` gives what hears the
 * transport, or an error, which is answered as JSON with its HTTP status. Never rejects.
 */
export async function shakeHands(
  upgrade: Upgrade,
  authenticate: (bearer: string) => Promise<((transport: Transport) => Heard) | WireError>,
): Promise<WireError | undefined> {
  const { socket } = upgrade;
  socket.on("error", () => socket.destroy());
  const header = upgrade.request.headers["authorization"] ?? "";
  const bearer = /^bearer +([^ ]+)$/i.exec(header)?.[1];
  const admitted =
    bearer === undefined
      ? new WireError("unauthorized", "expected an Authorization header with a bearer token")
      : await authenticate(bearer).catch((reason: unknown) => WireError.from(reason));
  if (socket.destroyed) return undefined;
  if (admitted instanceof WireError) {
    refuse(socket, admitted);
    return admitted;
  }
  const forward = new Forward();
  const options = { subprotocol: SUBPROTOCOL, limits: WEBSOCKET_LIMITS };
  const transport = acceptWebSocket(options, upgrade, forward);
  if (transport !== undefined) forward.to = admitted(transport);
  return undefined;
}

/** Answers an upgrade request with an error and closes. */
export function refuse(socket: Duplex, error: WireError): void {
  const body = JSON.stringify({ error: { code: error.code, message: error.message } });
  const again =
    error.retryAfterMs === undefined
      ? ""
      : `retry-after: ${Math.ceil(error.retryAfterMs / 1_000)}\r\n`;
  const challenge = error.http === 401 ? "www-authenticate: Bearer\r\n" : "";
  socket.once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${error.http} ${error.code}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `${again}${challenge}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
