import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import type { IssuedCertificate } from "@warren/host/testing";

export type ServiceProtocol = "http" | "https" | "h2c" | "h2";
/** What a service does with a request; the two kinds of Node's own objects look alike here. */
export type Listener = (request: http.IncomingMessage, response: http.ServerResponse) => void;

export interface WebService extends Disposable {
  readonly port: number;
  /** Ends all connections, as a service that is killed does. */
  vanish(): void;
}

/** A service of Node's own on 127.0.0.1, in any of the protocols that a route can have. */
export async function webService(
  protocol: ServiceProtocol,
  listener: Listener,
  tls?: IssuedCertificate,
): Promise<WebService> {
  return serving(serverOf(protocol, listener, tls));
}

function serverOf(protocol: ServiceProtocol, listener: Listener, tls?: IssuedCertificate): Server {
  const either = listener as never;
  switch (protocol) {
    case "http":
      return http.createServer({ keepAliveTimeout: 60_000 }, listener);
    case "https":
      return https.createServer({ ...tls }, listener);
    case "h2c":
      return http2.createServer(either);
    case "h2":
      return http2.createSecureServer({ ...tls, allowHTTP1: false }, either);
  }
}

/** Starts any server of Node's; closing it ends its connections. */
export async function serving(server: Server): Promise<WebService> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const vanish = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    vanish,
    [Symbol.dispose]() {
      server.close();
      vanish();
    },
  };
}
