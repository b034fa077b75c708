import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** Targets asked for, as they were said. */
  readonly asked: string[];
  /** Cuts every connection that goes through. */
  cut(): void;
}

/**
 * A real forward proxy on loopback that knows CONNECT alone. `credential` is `user:password`; with
 * `there`, every name leads to that address.
 */
export async function connectProxy(credential?: string, there?: string): Promise<ConnectProxy> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const allowed = (request: IncomingMessage) =>
    credential === undefined ||
    request.headers["proxy-authorization"] ===
      `Basic ${Buffer.from(credential).toString("base64")}`;
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, near: Socket, head) => {
    asked.push(request.url ?? "");
    if (!allowed(request)) return near.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const { hostname, port } = new URL(`http://${request.url}`);
    const host = there ?? hostname.replace(/^\[|\]$/g, "");
    const far = connect(Number(port) || 80, host, () => {
      near.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      far.write(head);
      near.pipe(far).pipe(near);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one
        .on("error", () => {})
        .on("close", () => {
          open.delete(one);
          other.destroy();
        });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
