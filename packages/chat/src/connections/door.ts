import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { ChatError, MESSAGING_LIMITS } from "@warren/wire";
import { WebSocketServer, type WebSocket } from "ws";
import { requestToken } from "../auth/request-token.ts";
import type { SocketOrigins } from "../auth/socket-origins.ts";
import type { TokenVerifier } from "../auth/token-verifier.ts";
import { Anteroom, type MessagingAuth } from "./anteroom.ts";
import { ChatboxConnection, refusalFrame } from "./chatbox-connection.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionDeps, ConnectionIdentity } from "./connection-deps.ts";
import { MessagingConnection } from "./messaging/messaging-connection.ts";
import type { Limits } from "./ports.ts";
import { refuseHandshake } from "./refuse-handshake.ts";
import { endpointOf, isBrowser, networkOf } from "./whence.ts";
import { Writes } from "./writes.ts";

export interface DoorOptions {
  /** Paths where sockets are opened, and those of them where a token may come after it. */
  paths: ReadonlySet<string>;
  openPaths: ReadonlySet<string>;
  verifier: TokenVerifier;
  origins: SocketOrigins;
  limits: Limits;
  takesQueryTokens: boolean;
  /** Sockets of one user, and of this instance. */
  mostOfUser: number;
  most: number;
  /** The largest frame; the messaging dialect has a bound of its own too. */
  frameBytes: number;
  /** Sockets of a user on other instances, as far as is known. */
  elsewhere: (userId: string) => Promise<number>;
  /** Who asks, behind the proxies that are trusted. */
  addressOf: (peer: string, forwardedFor: string | undefined) => string;
  deps: Omit<ConnectionDeps, "closed" | "writes">;
  events: DoorEvents;
}

export interface DoorEvents {
  opened(): void;
  closed(openMs: number): void;
  refused(error: ChatError): void;
}

/** A socket without a token says within this who is there. */
const WAIT_MS = 10_000;
/** How often it is looked whether clients are still there. */
const LOOK_MS = 6_000;
/** How many may be waited for at once. Behind a proxy that is not trusted all have one address. */
const WAITING = { most: 1_000, mostOfAddress: 100 };
/** Refused sockets of pages that have not gone yet; beyond, pages see a bare 1006. */
const MOST_TURNED_AWAY = 1_000;

/**
 * Where sockets come in. A place is taken when a socket is open and given back when it closes: a handshake
 * that fails takes none.
 *
 * 1. What has no business here is refused by HTTP: a path without sockets, an origin that is not listed.
 * 2. Who is refused after that (no token, one that no longer counts, a limit, a drain) is told by HTTP, and a
 *    page by a close code, since its browser keeps the status from it.
 */
export class Door implements Disposable {
  readonly #options: DoorOptions;
  readonly #server: WebSocketServer;
  /** For the messaging dialect: nobody knows yet who is there. */
  readonly #open: WebSocketServer;
  readonly #anteroom: Anteroom;
  readonly #deps: ConnectionDeps;
  readonly #connections = new Map<string, Set<Connection>>();
  #count = 0;
  #turnedAway = 0;
  #isClosed = false;
  #forgetLook = () => {};

  constructor(options: DoorOptions) {
    this.#options = options;
    const { frameBytes } = options;
    this.#server = new WebSocketServer(serverOptions(frameBytes));
    this.#open = new WebSocketServer(serverOptions(Math.min(frameBytes, MESSAGING_LIMITS.frame)));
    const { clock, closeMs, events } = options.deps;
    const writes = new Writes((frames) => events.sent(frames));
    const closed = (connection: Connection) => this.#leave(connection);
    // One for all: ten thousand sockets would have ten thousand.
    this.#deps = { ...options.deps, writes, closed };
    this.#anteroom = new Anteroom({
      ...WAITING,
      clock,
      waitMs: WAIT_MS,
      closeMs,
      refused: (error) => options.events.refused(error),
    });
    this.#lookAround();
  }

  /** Nobody is looked after any more. */
  [Symbol.dispose](): void {
    this.#forgetLook();
  }

  #lookAround(): void {
    for (const connection of this.connections()) connection.look();
    this.#forgetLook = this.#options.deps.clock.after(LOOK_MS, () => this.#lookAround());
  }

  get size(): number {
    return this.#count;
  }

  /** All sockets that are open. */
  *connections(): Iterable<Connection> {
    for (const of of this.#connections.values()) yield* of;
  }

  /** Those of one user. */
  connectionsOf(userId: string): readonly Connection[] {
    return [...(this.#connections.get(userId) ?? [])];
  }

  /** No more are let in: readiness is off, and who asks is told to come back elsewhere. */
  shut(): void {
    this.#isClosed = true;
  }

  /** For the `upgrade` event of the HTTP server. Never rejects. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const onError = () => socket.destroy();
    socket.on("error", onError);
    let isKnown = false;
    try {
      const target = this.#gate(request);
      isKnown = true;
      const token = this.#tokenOf(request, target.pathname);
      if (token === undefined) {
        this.#checkOpen();
        const address = this.#addressOf(request);
        this.#anteroom.check(address);
        socket.off("error", onError);
        return this.#open.handleUpgrade(request, socket, head, (opened) =>
          this.#wait(opened, { address, endpoint: endpointOf(request) }),
        );
      }
      const identity = await this.#identify(token);
      this.#checkPlaces(identity.userId);
      socket.off("error", onError);
      this.#server.handleUpgrade(request, socket, head, (opened) =>
        this.#enter(new ChatboxConnection(opened, identity, this.#deps)).greet(
          target.searchParams.get("session_id") || undefined,
        ),
      );
    } catch (reason) {
      const error = ChatError.from(reason);
      this.#options.events.refused(error);
      const isTold = isKnown && isBrowser(request) && this.#turnedAway < MOST_TURNED_AWAY;
      if (!isTold) return refuseHandshake(socket, error);
      socket.off("error", onError);
      this.#server.handleUpgrade(request, socket, head, (opened) => this.#turnAway(opened, error));
    }
  }

  /** What is asked for, by whoever may ask at all. */
  #gate(request: IncomingMessage): URL {
    const { paths, origins } = this.#options;
    const target = URL.parse(request.url ?? "/", "http://host");
    if (target === null || !paths.has(target.pathname)) {
      throw new ChatError("NOT_FOUND", "no sockets here");
    }
    if (origins.allows(request.headers.origin)) return target;
    throw new ChatError("FORBIDDEN", "this origin may not open sockets here");
  }

  /** Undefined: it is to come in a frame. */
  #tokenOf({ headers, url }: IncomingMessage, path: string): string | undefined {
    const { openPaths, takesQueryTokens } = this.#options;
    const asked = { authorization: headers.authorization, target: url ?? "/", isUpgrade: true };
    const token = requestToken(asked, takesQueryTokens);
    if (token !== undefined || openPaths.has(path)) return token;
    throw new ChatError("UNAUTHORIZED", "expected a token");
  }

  async #identify(token: string): Promise<ConnectionIdentity> {
    this.#checkOpen();
    const { verifier, limits, elsewhere } = this.#options;
    const identity = await verifier.verify(token);
    const waitMs = await limits.take("connect", identity.userId);
    if (waitMs > 0) throw full("too many attempts", waitMs);
    this.#checkPlaces(identity.userId, await elsewhere(identity.userId));
    return identity;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new ChatError("DRAINING", "this instance is shutting down");
  }

  /** `others`: sockets of the user on other instances; here they are counted when a place is taken. */
  #checkPlaces(userId: string, others = 0): void {
    // Again: it may have been shut meanwhile, and nobody would tell who comes after that to go.
    this.#checkOpen();
    const { mostOfUser, most } = this.#options;
    if (this.#count >= most) throw full("this instance is full", 5_000);
    const open = this.#connections.get(userId) ?? new Set();
    if (open.size + others < mostOfUser) return;
    for (const connection of open) {
      connection.notify(
        `A ${mostOfUser + 1}th connection was refused: close one that you do not need.`,
      );
    }
    throw full(`at most ${mostOfUser} connections of one user`, 5_000);
  }

  #addressOf({ socket, headers }: IncomingMessage): string {
    const said = headers["x-forwarded-for"];
    const forwardedFor = Array.isArray(said) ? said.join(", ") : said;
    return networkOf(this.#options.addressOf(socket.remoteAddress ?? "", forwardedFor));
  }

  /** A client that says who is there in its first frame speaks the messaging dialect. */
  #wait(socket: WebSocket, { address, endpoint }: { address: string; endpoint: string }): void {
    this.#anteroom.wait(socket, address, {
      identify: (auth) => this.#identifyUser(auth),
      enter: (identity, auth, early) => {
        this.#checkPlaces(identity.userId);
        const client = { identity, deviceId: auth.device_id, endpoint };
        const connection = this.#enter(new MessagingConnection(socket, client, this.#deps));
        connection.welcome();
        for (const text of early) connection.receive(text);
      },
    });
  }

  async #identifyUser({ auth_token, user_id }: MessagingAuth): Promise<ConnectionIdentity> {
    const identity = await this.#identify(auth_token);
    if (identity.userId === user_id) return identity;
    throw new ChatError("UNAUTHORIZED", "auth: user_id is not the one of auth_token");
  }

  #enter<C extends Connection>(connection: C): C {
    const { userId } = connection.identity;
    const open = this.#connections.get(userId) ?? new Set();
    this.#connections.set(userId, open.add(connection));
    this.#count += 1;
    this.#options.events.opened();
    return connection;
  }

  #leave(connection: Connection): void {
    const { userId } = connection.identity;
    const open = this.#connections.get(userId);
    if (open?.delete(connection) !== true) return;
    this.#count -= 1;
    if (open.size === 0) this.#connections.delete(userId);
    const { deps, events } = this.#options;
    events.closed(deps.clock.now() - connection.openedMs);
  }

  /** Tells a page why it is not let in, which nothing but a close code can. */
  #turnAway(socket: WebSocket, error: ChatError): void {
    const { clock, wallClock, closeMs } = this.#options.deps;
    this.#turnedAway += 1;
    const forget = clock.after(closeMs, () => socket.terminate());
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      forget();
      this.#turnedAway -= 1;
    });
    const now = new Date(wallClock()).toISOString();
    const { error: body, ...said } = refusalFrame(error, {}, now);
    // Whatever it may do another time: this socket ends.
    socket.send(JSON.stringify({ ...said, error: { ...body, recoverable: false } }));
    socket.close(error.close, error.code);
  }
}

function serverOptions(maxPayload: number) {
  return {
    noServer: true,
    maxPayload,
    // Hundreds of kilobytes for each socket that ever sent a compressed message.
    perMessageDeflate: false,
    clientTracking: false,
  };
}

function full(message: string, retryAfterMs: number): ChatError {
  return new ChatError("CONNECTION_LIMIT_EXCEEDED", message, { retryAfterMs });
}
