import type { Duplex } from "node:stream";
import type { ChatError } from "@warren/wire";

/** Refuses a handshake: plain text, as every WebSocket client but a browser can show it. */
export function refuseHandshake(socket: Duplex, error: ChatError): void {
  const { http, code, message, retryAfterMs } = error;
  const body = `${code}: ${message}\n`;
  const retry =
    retryAfterMs === undefined
      ? ""
      : `Retry-After: ${Math.max(1, Math.ceil(retryAfterMs / 1_000))}\r\n`;
  const challenge = http === 401 ? "WWW-Authenticate: Bearer\r\n" : "";
  socket.end(
    `HTTP/1.1 ${http} ${REASONS[http] ?? "Error"}\r\nConnection: close\r\n${challenge}${retry}` +
      `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const REASONS: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
