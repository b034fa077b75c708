// A service to try Warren with: says hello over HTTP and echoes WebSocket messages.
// `node examples/echo.mjs [port]`
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const [, , port = "3000"] = process.argv;
const server = createServer((request, response) => {
  response.end(`hello from port ${port}: ${request.method} ${request.url}\n`);
});
new WebSocketServer({ server }).on("connection", (socket) => {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
});
server.listen(Number(port), "localhost", () => console.log(`listening on port ${port}`));
