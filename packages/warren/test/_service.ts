import { once } from "node:events";
import { createServer, request, type IncomingHttpHeaders } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { WebSocket, WebSocketServer } from "ws";

export interface Served extends AsyncDisposable {
  port: number;
}

/** A service that says who it is and what it was asked, and echoes WebSocket messages. */
export async function webService(name: string, host = "127.0.0.1"): Promise<Served> {
  const server = createServer((request, response) => {
    response.setHeader("x-service", name);
    response.statusCode = request.url === "/missing" ? 404 : 200;
    response.end(`${name} ${request.method} ${request.url}`);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  const cut = () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
  };
  return served(server, cut, host);
}

/** A TCP service that sends back what it is sent, in capitals. */
export function capitals(): Promise<Served> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => socket.write(data.toString().toUpperCase()));
  });
  return served(server, () => {});
}

async function served(server: Server, cut: () => void, host = "127.0.0.1"): Promise<Served> {
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One request to a gateway on this machine, for `host`. */
export async function ask(
  port: number,
  host: string,
  path = "/",
  headers: Record<string, string> = {},
): Promise<Answer> {
  const options = { host: "127.0.0.1", port, path, agent: false, headers: { ...headers, host } };
  const asked = request(options).end();
  const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: await text(response),
  };
}

/** Sends one message to a WebSocket of `host`, and resolves with what comes back. */
export async function echoed(
  port: number,
  host: string,
  message: string,
  path = "/",
): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { host } });
  await once(socket, "open");
  socket.send(message);
  const [data] = (await once(socket, "message")) as [Buffer];
  socket.close();
  await once(socket, "close");
  return data.toString();
}

/** Sends `message` to a TCP port and resolves with the first answer. */
export async function sentTo(port: number, message: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(message);
  const [data] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return data.toString();
}
