import type { ClientFrame, ServerFrame } from "@warren/wire";

/** How the connection stands. After `closed` nothing is tried any more, until `connect` is called. */
export type ConnectionState =
  | { readonly name: "idle" }
  | { readonly name: "connecting" }
  | { readonly name: "open" }
  | { readonly name: "waiting"; readonly retryInMs: number }
  /** The device has no network: the next try is when it has. */
  | { readonly name: "offline" }
  | { readonly name: "closed"; readonly code: number; readonly reason: string };

/** What the service says first. */
export interface Welcome {
  readonly userId: string | undefined;
  /** The session that the user is in, or one that begins with the first message. */
  readonly sessionId: string;
  readonly models: readonly { readonly id: string; readonly name: string }[];
}

/** A way to the service that comes back by itself. */
export interface Line {
  readonly state: ConnectionState;
  /** Now, whatever it was waiting for. */
  connect(): void;
  /** False: there is no connection, and the frame went nowhere. */
  send(frame: ClientFrame): boolean;
  /** For good, until `connect`. */
  close(): void;
}

export interface LineListener {
  state(state: ConnectionState): void;
  /** The connection is open: what was said on one before may not have come through. */
  opened(welcome: Welcome): void;
  frame(frame: ServerFrame): void;
}

/** One WebSocket; a port of the platform, so that tests can break it. */
export interface Socket {
  send(text: string): void;
  close(code: number): void;
}

export interface SocketListener {
  opened(): void;
  message(data: unknown): void;
  /** Once, also where it never opened. */
  closed(code: number, reason: string): void;
}

export type OpenSocket = (url: string, listener: SocketListener) => Socket;
