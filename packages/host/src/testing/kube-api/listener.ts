import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";

export interface ListenerOptions {
  host: string;
  tls: { cert: string; key: string; ca?: string } | undefined;
  handle: http.RequestListener;
}

/** A server on a free port, which can be stopped and come back on the same one. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #sockets = new Set<Socket>();
  #server: http.Server;
  port = 0;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = this.#create();
  }

  static async start(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await listener.#listen();
    return listener;
  }

  async restart(): Promise<void> {
    this.#server = this.#create();
    await this.#listen();
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.port, this.#options.host);
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
  }

  #create(): http.Server {
    const { tls, handle } = this.#options;
    const server =
      tls === undefined
        ? http.createServer(handle)
        : https.createServer({ ...tls, requestCert: tls.ca !== undefined }, handle);
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    return server;
  }
}
