import { createServer } from "node:http";
import { WebSocketServer } from "ws";

/**
 * `node bench/service.ts PORT`: what the files' nginx cannot be. POST / counts what it gets;
 * GET /events is a stream of events, each with the time it was sent; a WebSocket is an echo.
 * Times are CLOCK_MONOTONIC in nanoseconds, which all processes of a machine share.
 */
const EVENT_EVERY_MS = 10;

const server = createServer((request, response) => {
  if (request.method === "POST") {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => (bytes += chunk.length));
    request.on("end", () => response.end(JSON.stringify({ bytes })));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const timer = setInterval(
    () => response.write(`data: ${process.hrtime.bigint()}\n\n`),
    EVENT_EVERY_MS,
  );
  response.on("close", () => clearInterval(timer));
});
server.requestTimeout = 0;
server.keepAliveTimeout = 3_600_000;

const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => {
  socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
  // A client that goes away without a close frame is the bench ending.
  socket.on("error", () => socket.terminate());
});
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
