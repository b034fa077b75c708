import { createServer, type Server, type Socket } from "node:net";
import { listen, type Listener, type ListenOptions } from "@warren/host";
import {
  FRONT_DEFAULTS,
  FrontContext,
  type FrontDeps,
  type FrontSettings,
} from "./front-context.ts";
import { acceptPlain } from "./plain-listener.ts";
import { acceptProxied } from "./proxied.ts";
import { SOCKET_MARK_BYTES } from "./socket-side.ts";
import { TcpPorts } from "./tcp-ports.ts";
import { acceptTls } from "./tls-listener.ts";

/** Where clients connect. */
export interface FrontListeners {
  /** HTTP/1.1 and h2c. */
  http: ListenOptions;
  /** TLS, terminated here or passed through by SNI. */
  tls: ListenOptions | undefined;
  /** Address of the public ports of tcp routes; undefined: all addresses. */
  tcpHost: string | undefined;
}

/** All that clients connect to. */
export interface Front extends AsyncDisposable {
  readonly ports: { readonly http: number; readonly tls: number | undefined };
  /** Requests and raw connections under way. */
  readonly inFlight: number;
  /**
   * Accepts no more, finishes what is under way, closes what is left after `deadlineMs` (WebSockets
   * with 1012 at a frame boundary). Resolves when the last connection is gone.
   */
  drain(deadlineMs: number): Promise<void>;
}

const PROBE_MS = 30_000;

/** Opens the listeners. Rejects with a ListenError when a port cannot be had. */
export async function startFront(
  listeners: FrontListeners,
  deps: FrontDeps,
  settings: Partial<FrontSettings> = {},
): Promise<Front> {
  const context = new FrontContext(deps, { ...FRONT_DEFAULTS, ...settings });
  await using opened = new AsyncDisposableStack();
  const plain = socketServer((socket) =>
    acceptProxied(context, socket, (given, proxy) => acceptPlain(context, given, proxy)),
  );
  const http = opened.use(await listen(plain, listeners.http));
  const secure = socketServer((socket) =>
    acceptProxied(context, socket, (given, proxy) => acceptTls(context, given, proxy)),
  );
  const tls = listeners.tls && opened.use(await listen(secure, listeners.tls));
  // Known only now where any port would do, or where the listener was handed over.
  context.settings.redirectPort ??= tls?.port;
  const options = { host: listeners.tcpHost, createServer: socketServer };
  const tcp = opened.use(await TcpPorts.open(context, options));
  opened.defer(startSweep(context));
  return new RunningFront(context, { http, tls, tcp }, opened.move());
}

/** Servers of raw sockets; a half-closed client still gets its answer. */
function socketServer(accept: (socket: Socket) => void): Server {
  const options = {
    allowHalfOpen: true,
    highWaterMark: SOCKET_MARK_BYTES,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_MS,
  };
  return createServer(options, accept);
}

/** One timer looks at all deadlines. */
function startSweep(context: FrontContext): () => void {
  const { deps, settings } = context;
  const arm = (): (() => void) =>
    deps.clock.after(settings.sweepMs, () => {
      cancel = arm();
      const now = deps.clock.now();
      for (const connection of context.connections) connection.sweep(now);
    });
  let cancel = arm();
  return () => cancel();
}

interface Doors {
  http: Listener;
  tls: Listener | undefined;
  tcp: TcpPorts;
}

class RunningFront implements Front {
  readonly ports: Front["ports"];
  readonly #context: FrontContext;
  readonly #doors: Doors;
  readonly #owned: AsyncDisposableStack;
  #drained: Promise<void> | undefined;

  constructor(context: FrontContext, doors: Doors, owned: AsyncDisposableStack) {
    this.#context = context;
    this.#doors = doors;
    this.#owned = owned;
    this.ports = { http: doors.http.port, tls: doors.tls?.port };
  }

  get inFlight(): number {
    return this.#context.inFlight;
  }

  drain(deadlineMs: number): Promise<void> {
    return (this.#drained ??= this.#drain(deadlineMs));
  }

  #stop(): void {
    this.#doors.http.stop();
    this.#doors.tls?.stop();
    this.#doors.tcp.stop();
  }

  async #drain(deadlineMs: number): Promise<void> {
    const context = this.#context;
    const { clock } = context.deps;
    this.#stop();
    context.draining = true;
    for (const connection of context.connections) connection.drain();
    const cutOff = clock.after(deadlineMs, () => {
      for (const connection of context.connections) connection.cutOff();
    });
    // A client that never closes its side is not waited for.
    const cut = clock.after(deadlineMs + 2 * context.settings.lingerMs, () => {
      for (const connection of context.connections) connection.destroy();
    });
    await context.empty();
    cutOff();
    cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    for (const connection of this.#context.connections) connection.destroy();
    await this.#owned.disposeAsync();
  }
}
