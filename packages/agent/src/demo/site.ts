import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { clock } from "./clock.ts";
import { acceptEcho } from "./echo.ts";
import { loadPage } from "./page.ts";
import { Uploads } from "./upload.ts";

export interface DemoSite extends AsyncDisposable {
  /** The port that was taken. */
  readonly port: number;
}

/**
 * The site behind `hello.localhost`: a page, an SSE clock, a WebSocket echo, an upload that is hashed
 * as it comes, and the request's own fields. Plain node:http, as any service might be. Listens on
 * the loopback address only; rejects with the listener's error, such as a taken port.
 */
export async function startDemo(port: number): Promise<DemoSite> {
  const page = await loadPage();
  const uploads = new Uploads();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://demo.invalid");
    const id = searchParams.get("id") ?? "";
    if (pathname === "/clock") return clock(response);
    if (pathname === "/headers") return headers(request, response);
    if (pathname === "/upload") return uploads.take(id, request, response);
    if (pathname === "/upload/progress") return uploads.watch(id, response);
    return page(pathname, request, response);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  acceptEcho(server);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      // Clocks and echoes never end by themselves.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What reached the service: fields in order, repeated ones apart. */
function headers(request: IncomingMessage, response: ServerResponse): void {
  const raw = request.rawHeaders;
  const fields = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ""]] : []));
  response.setHeader("content-type", "application/json");
  response.setHeader("cache-control", "no-store");
  response.end(JSON.stringify({ method: request.method, target: request.url, fields }, null, 2));
}
