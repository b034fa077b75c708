import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { IssuedCertificate } from "@warren/host/testing";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/** A cluster's own ingress controller on a public address: HTTPS, as the internet sees it. */
export class PublicEndpoint implements AsyncDisposable {
  readonly server: Server;
  /** Server names that connections asked for. */
  readonly names: (string | false)[] = [];
  requests: IncomingMessage[] = [];
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => {
    response.end("from the endpoint");
  };
  port = 0;

  private constructor(certificate: IssuedCertificate) {
    this.server = createServer({ cert: certificate.cert, key: certificate.key });
    this.server.on("secureConnection", (socket: TLSSocket) =>
      this.names.push(socket.servername ?? false),
    );
    this.server.on("request", (request, response) => {
      this.requests.push(request);
      this.answer(request, response);
    });
    this.server.on("upgrade", (_request: IncomingMessage, socket: Duplex) => {
      socket.write("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
      socket.pipe(socket);
    });
  }

  static async start(certificate: IssuedCertificate): Promise<PublicEndpoint> {
    const endpoint = new PublicEndpoint(certificate);
    endpoint.server.listen(0, "127.0.0.1");
    await once(endpoint.server, "listening");
    const address = endpoint.server.address();
    endpoint.port = typeof address === "object" ? address!.port : 0;
    return endpoint;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => void this.server.close(() => resolve()));
  }
}
