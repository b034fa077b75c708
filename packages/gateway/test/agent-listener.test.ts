import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { openAgentListener } from "../src/tunnels/agent-listener.ts";

test.each([
  { name: "says nothing", says: "" },
  { name: "says half of a head", says: "GET / HTTP/1.1\r\nhost: a\r\n" },
  { name: "asks for what is not there", says: "GET / HTTP/1.1\r\nhost: a\r\n\r\n" },
])("the listener for agents closes a connection that $name", async ({ says }) => {
  await using opened = new AsyncDisposableStack();
  const agents = { accept: () => Promise.reject(new Error("nobody comes")) };
  const port = await openAgentListener({ host: "127.0.0.1", port: 0 }, agents, opened, 300);
  const socket = connect(port!, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.write(says);
  await once(socket, "close");
  expect(socket.destroyed).toBe(true);
});
