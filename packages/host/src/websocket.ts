/**
 * The glue between `ws` and the tunnel's Transport port: one class for both ends, a way to dial and
 * a way to accept. Compression is never negotiated: tunnelled bytes are compressed by those who own
 * them, and a shared deflate window leaks between streams (CRIME).
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type ServerOptions, type WebSocket } from "ws";
import { systemClock } from "./clock.ts";
import { WebSocketReads } from "./websocket-reads.ts";

/** What the owner of a transport hears. After its own `close` or `terminate` only `onClose`. */
export interface WebSocketHeard {
  /** A whole binary message; may be a view into a larger buffer. */
  onBinary(message: Uint8Array): void;
  /** A whole text message. */
  onText(message: string): void;
  /** Once, last. 1006: cut without a closing handshake; `reason` then says why, if known. */
  onClose(code: number, reason: string): void;
}

export interface WebSocketLimits {
  /** Larger messages close the connection: 1009 for the peer, 1006 with the reason here. */
  maxMessageBytes: number;
  /** The same for text messages, which are parsed as a whole. */
  maxTextBytes: number;
  /** A closing handshake that takes longer is cut. */
  closeTimeoutMs: number;
  /** A text message that waits longer for the kernel to take it ends the connection. */
  textTimeoutMs: number;
  /** So many text messages may wait for the kernel; more end the connection. */
  mostWaiting: number;
}
export const WEBSOCKET_LIMITS: WebSocketLimits = {
  maxMessageBytes: 1_048_576,
  maxTextBytes: 1_048_576,
  closeTimeoutMs: 5_000,
  textTimeoutMs: 10_000,
  mostWaiting: 1_024,
};

const NOTHING = Buffer.alloc(0);
/** Up to this a message is copied behind its header; above, two buffers are cheaper than the copy. */
const JOINED_BYTES = 8_192;

/** Who this end is: only a client masks, and only where it matters does it use real masks. */
export type WebSocketSide = "server" | "client" | "masking client";

/**
 * Begins a frame that holds a whole binary message of `length` bytes (RFC 6455 §5.2), with a mask key of
 * zeros if a client sends it: the header, and `room` bytes behind it.
 */
function beginFrame(length: number, client: boolean, room: number): Buffer {
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const bytes = 2 + extended + (client ? 4 : 0);
  const frame = Buffer.allocUnsafe(bytes + room);
  const mask = client ? 0x80 : 0;
  frame[0] = 0x82;
  if (extended === 0) {
    frame[1] = mask | length;
  } else if (extended === 2) {
    frame[1] = mask | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = mask | 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  if (client) frame.fill(0, bytes - 4, bytes);
  return frame;
}

/** What a handshake has left: `ws` is open and runs on `socket`. */
export interface OpenWebSocket {
  ws: WebSocket;
  socket: Duplex;
  side: WebSocketSide;
  /** Bytes that were read behind the handshake, and that nobody has looked at. */
  unread: Uint8Array;
}

/** A live WebSocket; the tunnel's Transport port, and what a gateway or agent tells about it. */
export class WebSocketTransport {
  readonly #socket: Duplex;
  readonly #ws: WebSocket;
  readonly #heard: WebSocketHeard;
  readonly #maxTextBytes: number;
  readonly #textTimeoutMs: number;
  readonly #mostWaiting: number;
  /** Texts that the kernel has not taken: a peer that asks much and reads nothing makes these. */
  #waiting = 0;
  /** Why the connection broke, for an abnormal closure that has no reason of its own. */
  #broken = "";
  #silent = false;
  /** A client's frames carry a mask key; zeros where nobody on the way could be fooled. */
  readonly #client: boolean;
  readonly #masked: boolean;

  /** Made by `dialWebSocket` and `acceptWebSocket`; messages come from the next turn on. */
  constructor(
    { ws, socket, side, unread }: OpenWebSocket,
    limits: WebSocketLimits,
    heard: WebSocketHeard,
  ) {
    this.#client = side !== "server";
    this.#masked = side === "masking client";
    this.#ws = ws;
    this.#socket = socket;
    this.#heard = heard;
    this.#maxTextBytes = limits.maxTextBytes;
    this.#textTimeoutMs = limits.textTimeoutMs;
    this.#mostWaiting = limits.mostWaiting;
    ws.on("message", (data, binary) => this.#onMessage(data as Buffer, binary));
    ws.on("error", (error) => (this.#broken = error.message));
    ws.on("close", (code, reason) => heard.onClose(code, reason.toString() || this.#broken));
    this.#readPast(limits, unread);
  }

  #readPast({ maxMessageBytes, maxTextBytes }: WebSocketLimits, unread: Uint8Array): void {
    const reads = new WebSocketReads(this.#socket, {
      masked: !this.#client,
      maxMessageBytes,
      maxTextBytes,
      onBinary: (message) => this.#onMessage(message, true),
    });
    if (!reads.start(unread) && unread.length > 0) this.#socket.unshift(unread);
  }

  /** Sends one binary message; the bytes must not change afterwards. */
  send(message: Uint8Array): void {
    if (this.#masked || this.#ws.readyState !== this.#ws.OPEN) return this.#ws.send(message);
    // `ws` itself keeps no state between messages that are neither compressed nor fragmented.
    const { length } = message;
    const socket = this.#socket;
    if (length > JOINED_BYTES) {
      socket.cork();
      socket.write(beginFrame(length, this.#client, 0));
      socket.write(message);
      socket.uncork();
      return;
    }
    const frame = beginFrame(length, this.#client, length);
    frame.set(message, frame.length - length);
    socket.write(frame);
  }

  /**
   * Sends one text message; `taken` hears when the kernel has it. One that the kernel does not take in
   * time ends the connection.
   */
  sendText(message: string, taken?: () => void): void {
    if (!this.#mayWait()) return;
    const forget = systemClock.after(this.#textTimeoutMs, () => {
      this.#broken = `a control message was not taken within ${this.#textTimeoutMs} ms`;
      this.#ws.terminate();
    });
    this.#ws.send(message, (error) => {
      forget();
      this.#waiting--;
      if (error === undefined || error === null) taken?.();
    });
  }

  /** Counts one more that waits; false, and the end, when that is too many. */
  #mayWait(): boolean {
    if (++this.#waiting <= this.#mostWaiting) return true;
    this.#waiting--;
    this.#broken = "more is asked than read";
    this.#ws.terminate();
    return false;
  }

  /** Runs `writes` so that what it sends leaves in one system call. */
  batch(writes: () => void): void {
    this.#socket.cork();
    try {
      writes();
    } finally {
      this.#socket.uncork();
    }
  }

  /** Closes with a code and a reason (123 bytes at most fit); a second call does nothing. */
  close(code: number, reason: string): void {
    this.#silent = true;
    this.#ws.close(code, fitting(reason));
  }

  /** Drops the connection at once, with no closing handshake. */
  terminate(): void {
    this.#silent = true;
    this.#ws.terminate();
  }

  /** Bytes that the kernel has not taken yet. */
  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  #onMessage(data: Buffer, binary: boolean): void {
    if (this.#silent) return;
    if (binary) return this.#heard.onBinary(data);
    if (data.length <= this.#maxTextBytes) return this.#heard.onText(data.toString());
    this.#broken = `text message of ${data.length} bytes`;
    this.close(1009, this.#broken);
  }
}

/** RFC 6455 §5.5: a close frame holds 125 bytes, two of them the code. */
const MOST_REASON_BYTES = 123;

/** Cuts at a character, so that what arrives is still UTF-8. */
function fitting(reason: string): string {
  const room = new Uint8Array(MOST_REASON_BYTES);
  const { read } = new TextEncoder().encodeInto(reason, room);
  return reason.slice(0, read);
}

/** A request as the HTTP reader saw it. Header names in lower case. */
export interface UpgradeRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string | undefined>>;
}

export interface Upgrade {
  request: UpgradeRequest;
  /** Nobody else reads from it or writes to it any more. */
  socket: Duplex;
  /** Bytes that were read behind the request's head. */
  head: Uint8Array;
}

export interface AcceptOptions {
  subprotocol: string;
  limits: WebSocketLimits;
}

/**
 * Answers a WebSocket handshake and returns the open transport. A request that is no proper
 * handshake, or does not offer the subprotocol, is answered 400 and gives undefined. Callers
 * authenticate before. Messages come from the next turn on.
 */
export function acceptWebSocket(
  options: AcceptOptions,
  upgrade: Upgrade,
  heard: WebSocketHeard,
): WebSocketTransport | undefined {
  const { limits, subprotocol } = options;
  const { request, socket, head } = upgrade;
  if (!offered(request).includes(subprotocol)) return refuse(socket, subprotocol);
  const settings: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.maxMessageBytes,
    closeTimeout: limits.closeTimeoutMs,
    handleProtocols: () => subprotocol,
  };
  const server = new WebSocketServer(settings);
  let opened: WebSocketTransport | undefined;
  // Calls back at once, or not at all after it has answered: there is no verifyClient.
  server.handleUpgrade(request as IncomingMessage, socket, NOTHING, (ws) => {
    opened = new WebSocketTransport({ ws, socket, side: "server", unread: head }, limits, heard);
  });
  return opened;
}

function offered(request: UpgradeRequest): string[] {
  return (request.headers["sec-websocket-protocol"] ?? "").split(",").map((word) => word.trim());
}

function refuse(socket: Duplex, subprotocol: string): undefined {
  const message = `expected the WebSocket subprotocol ${subprotocol}`;
  const body = JSON.stringify({ error: { code: "bad_request", message } });
  socket.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  socket.end(
    "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return undefined;
}
