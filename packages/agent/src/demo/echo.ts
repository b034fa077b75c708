import type { Server } from "node:http";
import { WebSocketServer } from "ws";

const MOST_BYTES = 1_048_576;

/** Answers every WebSocket message at `/echo` with itself; other upgrades are refused. */
export function acceptEcho(server: Server): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES });
  sockets.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => {});
    if (request.url !== "/echo") return socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
    sockets.handleUpgrade(request, socket, head, (open) => sockets.emit("connection", open));
  });
}
