import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { AdminPorts } from "../src/admin/admin-ports.ts";
import { startAdmin } from "../src/admin/start-admin.ts";

test("who is slow to ask the admin listener, or reads no answer, holds no connection for long", async () => {
  const metrics = { text: async () => "x".repeat(64_000_000), contentType: "text/plain" };
  // Nothing else of a gateway is asked for here.
  const ports = { metrics } as unknown as AdminPorts;
  const options = { host: "127.0.0.1", port: 0, tokenFile: join(tmpdir(), "unused") };
  await using admin = await startAdmin(options, ports, new AbortController().signal);
  const began = performance.now();
  const silent = connect(admin.port, "127.0.0.1").resume();
  silent.write("GET /routes HTTP/1.1\r\n");
  const deaf = connect(admin.port, "127.0.0.1").pause();
  deaf.write("GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
  // What it has not read hides the end from it; a write meets it.
  const knock = setInterval(() => deaf.write("x"), 100);
  await Promise.all([once(silent, "close"), once(deaf, "error")]);
  clearInterval(knock);
  expect(performance.now() - began).toBeLessThan(25_000);
}, 60_000);
