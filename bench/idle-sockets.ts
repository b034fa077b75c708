import { once } from "node:events";
import { connect, createServer } from "node:net";
import { tokenOf } from "./chat/secret.ts";

/**
 * `node bench/idle-sockets.ts ENTRY HOST COUNT READY [chat]`: opens COUNT WebSockets through port ENTRY, keeps
 * them, answers their pings, and listens on port READY once all are open. Frames are handled by
 * hand: ten thousand objects of a WebSocket library would be the larger part of the machine's load.
 */
const [entry, host, count, ready, kind] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string | undefined,
];
const AT_ONCE = 50;
const PING = 0x89;
/** FIN and pong, masked by a key of zeros. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** Each user of a chat comes with a token of their own, and has come in when it was greeted. */
function request(n: number): string {
  if (kind !== "chat") return `GET / HTTP/1.1\r\nhost: ${host}\r\n`;
  const token = tokenOf(`idle-${process.pid}-${n}`);
  return `GET /chat/ws HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n`;
}

async function openOne(n: number): Promise<void> {
  const socket = connect({ port: Number(entry), host: "127.0.0.1" });
  socket.on("error", fail);
  socket.write(
    `${request(n)}connection: Upgrade\r\nupgrade: websocket\r\n` +
      "sec-websocket-version: 13\r\nsec-websocket-key: d2FycmVuIGJlbmNoIGtleQ==\r\n\r\n",
  );
  const [first] = (await once(socket, "data")) as [Buffer];
  if (!first.toString("latin1").startsWith("HTTP/1.1 101")) fail(new Error(String(first)));
  if (kind === "chat" && !first.includes("connection_status")) await once(socket, "data");
  socket.on("data", (frame: Buffer) => frame[0] === PING && socket.write(PONG));
  socket.on("close", () => fail(new Error("an idle WebSocket was closed")));
}

function fail(reason: Error): void {
  console.error(reason);
  process.exitCode = 1;
  process.kill(process.pid, "SIGTERM");
}

let left = Number(count);
async function openSome(): Promise<void> {
  while (left-- > 0) await openOne(left);
}
await Promise.all(Array.from({ length: AT_ONCE }, openSome));
createServer((socket) => socket.destroy()).listen(Number(ready), "127.0.0.1");
