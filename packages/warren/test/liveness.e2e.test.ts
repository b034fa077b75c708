import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { startFaultProxy } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { routeTo } from "./_kit/configs.ts";
import { Stage } from "./_kit/stage.ts";

const HOST = "quiet.test";
const SILENT_MS = 101_000;

async function read(socket: Socket, wanted: string): Promise<void> {
  let text = "";
  while (!text.includes(wanted)) text += String(((await once(socket, "data")) as [Buffer])[0]);
}

/** An echo, after an upgrade that is asked for in HTTP, or at once. */
async function startEcho() {
  const http = createHttpServer((_request, response) => response.end("well"));
  http.on("upgrade", (_request, socket: Socket) => {
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
    );
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  const raw = createServer((socket) => void socket.on("error", () => {}).pipe(socket));
  for (const server of [http, raw]) await once(server.listen(0, "127.0.0.1"), "listening");
  const [httpPort, rawPort] = [http, raw].map((server) => (server.address() as AddressInfo).port);
  return {
    httpPort: httpPort!,
    rawPort: rawPort!,
    [Symbol.dispose]() {
      http.closeAllConnections();
      for (const server of [http, raw]) server.close();
    },
  };
}

/**
 * The defaults (30 s, and something said every 10 to 15 s) are proved on virtual time in the tunnel
 * room; here a tenth of them, on sockets that really go silent.
 */
describe("with detection in 3 s, a transport that lost", () => {
  test.each([
    { name: "its gateway's side is replaced", survivor: "client" as const },
    { name: "its agent's side is replaced", survivor: "target" as const },
  ])("$name in that time, and what was asked meanwhile is answered", async ({ survivor }) => {
    await using stage = new Stage();
    using echo = await startEcho();
    const gateway = await stage.gateway({ tunnels: { detectMs: 3_000 } });
    await using proxy = await startFaultProxy({ target: { port: gateway.port } });
    await stage.agent(proxy.port, [routeTo(HOST, echo.httpPort)], { detectMs: 3_000 });
    await served(gateway.port, HOST);
    const connections = proxy.counts.connected;
    proxy.halfOpen(survivor);
    const since = performance.now();
    const asked = ask({ port: gateway.port, host: HOST });
    await proxy.connected(connections + 1);
    // The first dial comes within 250 ms where there are streams to save, and may wait 500 ms else.
    expect(performance.now() - since).toBeLessThan(3_500 + 1_000);
    expect(await asked).toMatchObject({ status: 200, body: "well" });
  });
});

test(
  "a WebSocket and a TCP connection that are silent for 100 s are still there (slow)",
  { timeout: SILENT_MS + 30_000 },
  async () => {
    await using stage = new Stage();
    using echo = await startEcho();
    const gateway = await stage.gateway({
      tcpPorts: { host: "127.0.0.1", from: 20_000, to: 29_999 },
    });
    const tcp = routeTo("", echo.rawPort, { kind: "tcp", service: "echo" });
    await stage.agent(gateway.port, [routeTo(HOST, echo.httpPort), tcp]);
    await served(gateway.port, HOST);
    const webSocket = connect({ port: gateway.port, host: "127.0.0.1" });
    webSocket.write(
      `GET / HTTP/1.1\r\nhost: ${HOST}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
        "sec-websocket-version: 13\r\nsec-websocket-key: d2FycmVuIHN0b3JtIGtleQ==\r\n\r\n",
    );
    await read(webSocket, "101 Switching");
    const plain = connect({ port: await gateway.tcpPort(), host: "127.0.0.1" });
    plain.write("before");
    await read(plain, "before");
    await new Promise((resolve) => setTimeout(resolve, SILENT_MS));
    for (const socket of [webSocket, plain]) {
      socket.write("after");
      await read(socket, "after");
      socket.destroy();
    }
  },
);
