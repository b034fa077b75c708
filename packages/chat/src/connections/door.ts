import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { CHAT_LIMITS, ChatError } from "@warren/wire";
import { WebSocketServer, type WebSocket } from "ws";
import { requestToken } from "../auth/request-token.ts";
import type { SocketOrigins } from "../auth/socket-origins.ts";
import type { TokenVerifier } from "../auth/token-verifier.ts";
import { Connection } from "./connection.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import type { Limits } from "./ports.ts";
import { Writes } from "./writes.ts";

export interface DoorOptions {
  /** Paths where sockets are opened. */
  paths: ReadonlySet<string>;
  verifier: TokenVerifier;
  origins: SocketOrigins;
  limits: Limits;
  takesQueryTokens: boolean;
  /** Sockets of one user, and of this instance. */
  mostOfUser: number;
  most: number;
  /** Sockets of a user on other instances, as far as is known. */
  elsewhere: (userId: string) => Promise<number>;
  deps: Omit<ConnectionDeps, "closed" | "writes">;
  events: DoorEvents;
}

export interface DoorEvents {
  opened(): void;
  closed(openMs: number): void;
  refused(error: ChatError): void;
}

/**
 * Where sockets come in. A place is taken when a socket is open and given back when it closes: a handshake
 * that fails takes none.
 */
export class Door {
  readonly #options: DoorOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: CHAT_LIMITS.frame,
    // Hundreds of kilobytes for each socket that ever sent a compressed message.
    perMessageDeflate: false,
    clientTracking: false,
  });
  readonly #writes = new Writes();
  readonly #open = new Map<string, Set<Connection>>();
  #count = 0;
  #isClosed = false;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#count;
  }

  /** All sockets that are open. */
  *connections(): Iterable<Connection> {
    for (const of of this.#open.values()) yield* of;
  }

  /** No more are let in: readiness is off, and who asks is told to come back elsewhere. */
  shut(): void {
    this.#isClosed = true;
  }

  /** For the `upgrade` event of the HTTP server. Never rejects. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const onError = () => socket.destroy();
    socket.on("error", onError);
    try {
      const { identity, sessionId } = await this.#admit(request);
      socket.off("error", onError);
      this.#server.handleUpgrade(request, socket, head, (opened) =>
        this.#enter(opened, identity, sessionId),
      );
    } catch (reason) {
      const error = ChatError.from(reason);
      this.#options.events.refused(error);
      refuse(socket, error);
    }
  }

  async #admit(request: IncomingMessage) {
    const { paths, verifier, origins, limits, takesQueryTokens, most } = this.#options;
    const target = new URL(request.url ?? "/", "http://host");
    if (!paths.has(target.pathname)) throw new ChatError("NOT_FOUND", "no sockets here");
    if (this.#isClosed) throw new ChatError("DRAINING", "this instance is shutting down");
    if (!origins.allows(request.headers.origin)) {
      throw new ChatError("FORBIDDEN", "this origin may not open sockets here");
    }
    const { authorization } = request.headers;
    const asked = { authorization, target: request.url ?? "/", isUpgrade: true };
    const token = requestToken(asked, takesQueryTokens);
    if (token === undefined) throw new ChatError("UNAUTHORIZED", "expected a token");
    const identity = await verifier.verify(token);
    const waitMs = await limits.take("connect", identity.userId);
    if (waitMs > 0) throw full("too many attempts", waitMs);
    if (this.#count >= most) throw full("this instance is full", 5_000);
    await this.#checkPlaces(identity.userId);
    return { identity, sessionId: target.searchParams.get("session_id") || undefined };
  }

  async #checkPlaces(userId: string): Promise<void> {
    const { mostOfUser, deps, elsewhere } = this.#options;
    const others = await elsewhere(userId);
    const open = this.#open.get(userId) ?? new Set();
    if (open.size + others < mostOfUser) return;
    for (const connection of open) {
      connection.send({
        type: "notification",
        timestamp: new Date(deps.wallClock()).toISOString(),
        sender: "system",
        content: `A ${mostOfUser + 1}th connection was refused: close one that you do not need.`,
      });
    }
    throw full(`at most ${mostOfUser} connections of one user`, 5_000);
  }

  #enter(socket: WebSocket, identity: Connection["identity"], sessionId: string | undefined): void {
    const { deps, events } = this.#options;
    const { clock } = deps;
    const since = clock.now();
    const connection = new Connection(socket, identity, {
      ...deps,
      writes: this.#writes,
      closed: (closed) => {
        this.#leave(closed);
        events.closed(clock.now() - since);
      },
    });
    const open = this.#open.get(identity.userId) ?? new Set();
    this.#open.set(identity.userId, open.add(connection));
    this.#count += 1;
    events.opened();
    connection.greet(sessionId);
  }

  #leave(connection: Connection): void {
    const { userId } = connection.identity;
    const open = this.#open.get(userId);
    if (open?.delete(connection) !== true) return;
    this.#count -= 1;
    if (open.size === 0) this.#open.delete(userId);
  }
}

function full(message: string, retryAfterMs: number): ChatError {
  return new ChatError("CONNECTION_LIMIT_EXCEEDED", message, { retryAfterMs });
}

/** Plain text, as every WebSocket client can show it. */
function refuse(socket: Duplex, error: ChatError): void {
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
