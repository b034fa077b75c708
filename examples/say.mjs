// Says what it reads, line by line, to a WebSocket, and prints what comes back.
// `node examples/say.mjs ws://127.0.0.1:8080/ app.localhost`: the second word is the Host, for names
// that this machine does not resolve.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

const [, , url = "ws://127.0.0.1:8080/", host] = process.argv;
const socket = new WebSocket(url, host === undefined ? {} : { headers: { host } });
await once(socket, "open");
for await (const line of createInterface({ input: process.stdin })) {
  socket.send(line);
  const [data] = await once(socket, "message");
  process.stdout.write(`${data}\n`);
}
socket.close(1000);
