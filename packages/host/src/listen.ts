import { once } from "node:events";
import { Server, type AddressInfo, type Socket } from "node:net";

export interface ListenOptions {
  /** Undefined: all addresses. */
  host: string | undefined;
  /** 0: any free port, read back from `port`. */
  port: number;
  /** A listening socket that was handed over (`inheritedSockets`); host and port are then its own. */
  fd: number | undefined;
  /** How the operator changes host and port: `--admin-host`, `--admin-port`. */
  said: { host: string; port: string };
}

/**
 * Connections that wait to be accepted; the system may hold it lower. Node's own 511 are not enough for a
 * crowd that comes back at one moment: those beyond are dropped, and try again seconds later.
 */
const BACKLOG = 4_096;

/** A port could not be had. The message is for the operator and names the flag to change. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly port: number;
  constructor(port: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.port = port;
  }
}

/** A listening server and what it accepted. Disposing stops it and cuts what is left. */
export interface Listener extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Accepted and not closed yet. */
  readonly connections: ReadonlySet<Socket>;
  /**
   * Accepts no more; what was accepted goes on untouched. Twice is once. (`http.Server.close` would
   * also cut connections that wait for their first byte.)
   */
  stop(): void;
  /** Resolves when the last accepted connection is gone. */
  drained(): Promise<void>;
}

/** Starts `server`, of node:net, http, https or http2. Rejects with a ListenError. */
export async function listen(server: Server, options: ListenOptions): Promise<Listener> {
  const connections = new Set<Socket>();
  const waiting: (() => void)[] = [];
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => {
      connections.delete(socket);
      if (connections.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
  });
  await bind(server, options);
  const { address: host, port } = server.address() as AddressInfo;
  const stop = () => void (server.listening && Server.prototype.close.call(server));
  const drained = () =>
    connections.size === 0
      ? Promise.resolve()
      : new Promise<void>((resolve) => void waiting.push(resolve));
  return {
    host,
    port,
    connections,
    stop,
    drained,
    async [Symbol.asyncDispose]() {
      stop();
      for (const socket of connections) socket.destroy();
      await drained();
    },
  };
}

async function bind(server: Server, options: ListenOptions): Promise<void> {
  const { host, port, fd } = options;
  const address = { port, ...(host !== undefined && { host }), backlog: BACKLOG };
  server.listen(fd === undefined ? address : { fd });
  try {
    await once(server, "listening");
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException, options);
  }
}

function explained(
  error: NodeJS.ErrnoException,
  { host, port, fd, said }: ListenOptions,
): ListenError {
  const why =
    fd !== undefined
      ? `cannot listen on the inherited descriptor ${fd}: ${error.message}`
      : error.code === "EADDRINUSE"
        ? `port ${port} is in use: stop what listens there, or choose another with ${said.port}`
        : error.code === "EACCES"
          ? `port ${port} needs privileges that this process lacks: choose one above 1023 with ${said.port}`
          : error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND"
            ? `${host ?? "the address"} is no address of this machine: change ${said.host}`
            : `cannot listen on port ${port} (${said.port}): ${error.message}`;
  return new ListenError(port, why, { cause: error });
}
