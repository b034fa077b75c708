import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { programPath } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { activatedSocket } from "./_kit/activation.ts";
import { startHaproxy } from "./_kit/haproxy.ts";

const program = programPath("haproxy");

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** On a connection of its own. */
async function ask(port: number, path = "/"): Promise<string> {
  const asked = request({ host: "127.0.0.1", port, path, agent: false }).end();
  const [response] = (await once(asked, "response")) as [AsyncIterable<Buffer>];
  let text = "";
  for await (const chunk of response) text += chunk.toString();
  return text;
}

/** Answers its word, and on /readyz whether it is ready. */
async function standIn(word: string) {
  const self = { ready: true };
  const server = createServer(({ url }, response) => {
    if (url === "/readyz") response.statusCode = self.ready ? 200 : 503;
    response.end(word);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(self, {
    port,
    adminPort: port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  });
}

describe.skipIf(program === undefined)("haproxy before two gateways", () => {
  test("leaves the one alone that is not ready, and comes back to it", async () => {
    await using first = await standIn("first");
    await using second = await standIn("second");
    await using haproxy = await startHaproxy(program!, [first, second]);
    const four = async () => {
      const heard = [];
      for (let i = 0; i < 4; i++) heard.push(await ask(haproxy.port));
      return new Set(heard);
    };
    expect(await four()).toEqual(new Set(["first", "second"]));
    first.ready = false;
    await haproxy.until(0, "DOWN");
    expect(await four()).toEqual(new Set(["second"]));
    first.ready = true;
    await haproxy.until(0, "UP");
    expect(await four()).toEqual(new Set(["first", "second"]));
  });
});

const echo = (word: string) => ({
  command: process.execPath,
  args: [join(import.meta.dirname, "_kit/activated-echo.ts")],
  env: { WORD: word },
});

describe("an activated socket", () => {
  test("keeps a connection that came before anybody listened", async () => {
    await using socket = await activatedSocket();
    const early = ask(socket.port);
    await socket.start(echo("first"));
    expect(await early).toBe("first");
  });

  test("is handed from one process to its successor without a refused connection", async () => {
    await using socket = await activatedSocket();
    const first = await socket.start(echo("first"));
    const heard: string[] = [];
    const handedOver = new AbortController();
    const asking = (async () => {
      while (!handedOver.signal.aborted) heard.push(await ask(socket.port));
    })();
    while (heard.length === 0) await new Promise(setImmediate);
    const second = await socket.start(echo("second"));
    while (!heard.includes("second")) await new Promise(setImmediate);
    process.kill(first.pid, "SIGTERM");
    expect(await first.exited).toBe(0);
    handedOver.abort();
    await asking;
    expect(await ask(socket.port)).toBe("second");
    expect(new Set(heard)).toEqual(new Set(["first", "second"]));
    expect(socket.output()).toContain("first listens, 1 socket");
    process.kill(second.pid, "SIGTERM");
    expect(await second.exited).toBe(0);
  });

  test("says so when a program does not start", async () => {
    await using socket = await activatedSocket();
    await expect(socket.start({ command: "/nowhere/at/all", args: [] })).rejects.toThrow("ENOENT");
  });

  test("ends what it started when it is closed", async () => {
    const socket = await activatedSocket();
    const { pid } = await socket.start(echo("left"));
    expect(await ask(socket.port)).toBe("left");
    await socket[Symbol.asyncDispose]();
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test("ends also what that had started in turn, as a launcher does", async () => {
    const socket = await activatedSocket();
    const { command, args, env } = echo("left");
    const launcher = ["-c", '"$0" "$@" & wait', command, ...args];
    await socket.start({ command: "/bin/sh", args: launcher, env });
    expect(await ask(socket.port)).toBe("left");
    await socket[Symbol.asyncDispose]();
    // Whoever is left would still accept.
    await expect.poll(() => ask(socket.port).catch(String)).toContain("ECONNREFUSED");
  });
});
