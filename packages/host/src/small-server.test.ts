import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { listen } from "./listen.ts";
import { smallServer } from "./small-server.ts";

test("who is slow to ask, or reads no answer, holds no connection for long", async () => {
  const server = smallServer((_request, response) => response.end("x".repeat(64_000_000)), 8);
  const said = { host: "--host", port: "--port" };
  await using listener = await listen(server, { host: "127.0.0.1", port: 0, fd: undefined, said });
  const began = performance.now();
  const silent = connect(listener.port, "127.0.0.1").resume();
  silent.write("GET / HTTP/1.1\r\n");
  const deaf = connect(listener.port, "127.0.0.1").pause();
  deaf.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  // What it has not read hides the end from it; a write meets it.
  const knock = setInterval(() => deaf.write("x"), 100);
  await Promise.all([once(silent, "close"), once(deaf, "error")]);
  clearInterval(knock);
  expect(performance.now() - began).toBeLessThan(25_000);
}, 60_000);
