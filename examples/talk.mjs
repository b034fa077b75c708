// Says one thing to a chat and prints the answer as it is written.
// `node examples/talk.mjs ws://chat.localhost:8080/chat/ws TOKEN "What is Warren?"`
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";

const [, , url = "ws://chat.localhost:8080/chat/ws", token = "", ...words] = process.argv;
// Browsers know that names under .localhost are this machine; not every system does.
const { hostname, host } = new URL(url);
const dialled = hostname.endsWith(".localhost") ? url.replace(hostname, "127.0.0.1") : url;
const socket = new WebSocket(dialled, { headers: { host, authorization: `Bearer ${token}` } });
const said = {
  type: "user_message",
  // With an id of one's own the same may be said again, and is stored once.
  client_message_id: randomUUID(),
  content: words.join(" ") || "Hello",
};
socket.on("open", () => socket.send(JSON.stringify(said)));
socket.on("error", ({ message }) => {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
socket.addEventListener("message", ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.type === "error") process.stderr.write(`${frame.error.code}: ${frame.error.message}\n`);
  if (frame.type !== "ai_response") return;
  process.stdout.write(frame.content ?? "");
  if (frame.metadata?.done !== "true") return;
  process.stdout.write("\n");
  socket.close(1000);
});
