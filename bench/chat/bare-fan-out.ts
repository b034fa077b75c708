import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/**
 * `node bench/chat/bare-fan-out.ts PORT`: what a service without a log does. Each message goes, as it
 * came, to all who are connected.
 */
const server = new WebSocketServer({
  port: Number(process.argv[2]),
  host: "127.0.0.1",
  perMessageDeflate: false,
  backlog: 4_096,
});
await once(server, "listening");
console.log((server.address() as AddressInfo).port);
server.on("connection", (socket) => {
  socket.on("error", () => socket.terminate());
  socket.on("message", (data: Buffer) => {
    const text = data.toString("utf8");
    for (const client of server.clients) if (client !== socket) client.send(text);
  });
});
