// Run by listen.test.ts: serves one connection on the socket called `public`.
import { createServer } from "node:net";
import { inheritedSockets, listen } from "../../src/index.ts";

const fd = inheritedSockets(process.env, process.pid).get("public");
const server = createServer((socket) => socket.end("from the child"));
const listener = await listen(server, {
  host: undefined,
  port: 0,
  fd,
  said: { host: "--host", port: "--port" },
});
process.stdout.write(`${listener.port}\n`);
server.once("connection", () => listener.stop());
