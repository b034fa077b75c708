import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocket, type ClientOptions } from "ws";
import { systemClock, wallClock } from "./clock.ts";
import { DialError, dialSocket, isSecure, reasonOf, type ClientTls } from "./dial.ts";
import { isLoopback } from "./proxy.ts";
import {
  WebSocketTransport,
  type WebSocketHeard,
  type WebSocketLimits,
  type WebSocketSide,
} from "./websocket.ts";

export interface DialWebSocket extends ClientTls {
  /** `ws` or `wss`, without credentials in it. */
  url: URL;
  /** Goes into the Authorization header as a bearer token. */
  token: string | undefined;
  subprotocol: string;
  /** From `proxyFor`. */
  proxy: URL | undefined;
  /** From the first packet to the open WebSocket. */
  handshakeTimeoutMs: number;
  limits: WebSocketLimits;
  /** Stops the dial. An open transport is not touched by it. */
  signal: AbortSignal;
}

export type Dialled =
  | { kind: "open"; transport: WebSocketTransport }
  /** The other side answered, and the answer was no. */
  | {
      kind: "refused";
      status: number;
      /** From Retry-After. */
      retryAfterMs: number | undefined;
      /** The answer's JSON, unchecked; undefined when it was something else. */
      body: unknown;
    }
  /** Nobody answered: unreachable, timed out, no TLS, a proxy in the way, or `signal`. */
  | { kind: "failed"; error: DialError };

/**
 * Dials a WebSocket. Never rejects. `heard` is silent until the turn after the promise resolves, so
 * that the caller has attached the transport before the first message comes.
 */
export async function dialWebSocket(
  options: DialWebSocket,
  heard: WebSocketHeard,
): Promise<Dialled> {
  const { url, ca, cert, key, proxy, handshakeTimeoutMs } = options;
  const late = new AbortController();
  const forget = systemClock.after(handshakeTimeoutMs, () => late.abort());
  const signal = AbortSignal.any([options.signal, late.signal]);
  try {
    if (options.signal.aborted) throw options.signal.reason;
    const socket = await dialSocket({ url, proxy, tls: { ca, cert, key } }, signal);
    return await shakeHands(socket, options, heard, signal);
  } catch (error) {
    return { kind: "failed", error: failure(error, options, late.signal.aborted) };
  } finally {
    forget();
  }
}

function failure(error: unknown, options: DialWebSocket, late: boolean): DialError {
  if (error instanceof DialError) return error;
  const { url, handshakeTimeoutMs, signal } = options;
  const message = signal.aborted
    ? "dial stopped"
    : late
      ? `${url.host} did not answer within ${handshakeTimeoutMs} ms`
      : `no WebSocket with ${url.host}: ${reasonOf(error)}`;
  return new DialError("handshake", message, { cause: error });
}

function shakeHands(
  socket: Socket,
  options: DialWebSocket,
  heard: WebSocketHeard,
  signal: AbortSignal,
): Promise<Dialled> {
  const side = needsMask(socket, options) ? "masking client" : "client";
  const ws = openOn(socket, options, side);
  return new Promise((resolve, reject) => {
    const stop = () => ws.terminate();
    signal.addEventListener("abort", stop, { once: true });
    const settle = (dialled: Dialled) => {
      signal.removeEventListener("abort", stop);
      resolve(dialled);
    };
    const failed = (error: unknown) => {
      signal.removeEventListener("abort", stop);
      socket.destroy();
      reject(error);
    };
    ws.once("error", failed);
    ws.once("unexpected-response", (_request, answer) => void refusal(answer).then(settle));
    ws.once("open", () => {
      ws.off("error", failed);
      // A first message may have come in the same packet as the answer; see the contract above.
      ws.pause();
      const unread = takeUnread(socket);
      settle({
        kind: "open",
        transport: new WebSocketTransport({ ws, socket, side, unread }, options.limits, heard),
      });
      setImmediate(() => ws.resume());
    });
  });
}

/** What came behind the answer: `ws` has put it back, and hears of all that is read. */
function takeUnread(socket: Socket): Uint8Array {
  const hearers = socket.listeners("data") as ((chunk: Buffer) => void)[];
  for (const hearer of hearers) socket.off("data", hearer);
  const unread = socket.read() as Buffer | null;
  for (const hearer of hearers) socket.on("data", hearer);
  return unread ?? Buffer.alloc(0);
}

function openOn(socket: Socket, options: DialWebSocket, side: WebSocketSide): WebSocket {
  const { url, token, subprotocol, limits } = options;
  const settings: ClientOptions & { closeTimeout: number } = {
    createConnection: () => socket,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    maxPayload: limits.maxMessageBytes,
    closeTimeout: limits.closeTimeoutMs,
    ...(side === "masking client" ? {} : { generateMask: leaveZero }),
  };
  return new WebSocket(url, [subprotocol], settings);
}

/**
 * Masks keep scripts from writing chosen bytes to intermediaries (RFC 6455 §10.3). Behind TLS and on
 * loopback there is none, and masking costs two passes over every byte.
 */
function needsMask(socket: Socket, { url, proxy }: DialWebSocket): boolean {
  return !isSecure(url) && (proxy !== undefined || !isLoopback(socket.remoteAddress));
}

/** `ws` hands over four zero bytes, and skips masking when they still are. */
function leaveZero(): void {}

const MOST_REFUSAL_BYTES = 65_536;

/** Never rejects. */
async function refusal(answer: IncomingMessage): Promise<Dialled> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_REFUSAL_BYTES) break;
    }
  } catch {
    // Cut within the body: the status was said and is what counts.
  }
  answer.destroy();
  return {
    kind: "refused",
    status: answer.statusCode ?? 0,
    retryAfterMs: retryAfterMs(answer.headers["retry-after"], wallClock()),
    body: jsonOrNothing(Buffer.concat(chunks).toString()),
  };
}

/** RFC 9110 §10.2.3: seconds, or a date. */
export function retryAfterMs(said: string | undefined, nowMs: number): number | undefined {
  if (said === undefined) return undefined;
  if (/^\d{1,9}$/.test(said)) return Number(said) * 1000;
  const at = Date.parse(said);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
