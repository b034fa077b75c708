import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const TICK_MS = 250;

export interface TrafficService extends AsyncDisposable {
  readonly port: number;
}

/**
 * What `Load` and `watch.ts` talk to: `/<n>` answers `<n> <bytes of the body>` and the trailer `x-sum`, `/sse?ticks=<n>` an
 * event every quarter of a second, WebSockets echo.
 */
export async function trafficService(): Promise<TrafficService> {
  const server = createServer((asked, answer) => {
    const url = new URL(asked.url ?? "/", "http://traffic.test");
    if (url.pathname === "/sse") tick(answer, Number(url.searchParams.get("ticks")));
    else void count(asked, answer, url.pathname.slice(1));
  });
  server.keepAliveTimeout = 120_000;
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function count(asked: IncomingMessage, answer: ServerResponse, name: string): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of asked as AsyncIterable<Buffer>) bytes += chunk.length;
  } catch {
    return; // cut off: nobody is there to answer
  }
  if (asked.trailers["x-sum"] === undefined) return void answer.end(`${name} ${bytes}`);
  answer.writeHead(200, { trailer: "x-sum" });
  answer.addTrailers({ "x-sum": asked.trailers["x-sum"] });
  answer.end(`${name} ${bytes}`);
}

function tick(answer: ServerResponse, ticks: number): void {
  answer.writeHead(200, { "content-type": "text/event-stream" });
  let said = 0;
  const timer = setInterval(() => {
    answer.write(`data: ${++said}\n\n`);
    if (said < ticks) return;
    clearInterval(timer);
    answer.end();
  }, TICK_MS);
  answer.on("close", () => clearInterval(timer));
}
