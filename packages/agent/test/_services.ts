import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createNet, type AddressInfo, type Server, type Socket } from "node:net";

/** A service under test; closing it ends its connections. */
export interface Service extends Disposable {
  readonly port: number;
  /** Connections taken so far. */
  readonly connections: Socket[];
  /** Resolves with the n-th connection, counted from 1. */
  connection(n: number): Promise<Socket>;
}

export function rawService(onSocket: (socket: Socket, n: number) => void): Promise<Service> {
  const server = createNet({ allowHalfOpen: true, noDelay: true });
  return serve(server, onSocket);
}

export function httpService(listener: RequestListener): Promise<Service> {
  return serve(createHttp({ keepAliveTimeout: 60_000 }, listener), () => {});
}

/** Answers each request head with the next of `answers` (the last one from then on). */
export function scripted(...answers: (string | Buffer)[]): Promise<Service> {
  let asked = 0;
  return rawService((socket) => {
    socket.on("data", (data: Buffer) => {
      if (!data.includes("\r\n\r\n")) return;
      socket.write(answers[Math.min(asked++, answers.length - 1)]!);
    });
  });
}

export async function serve(
  server: Server,
  onSocket: (socket: Socket, n: number) => void,
): Promise<Service> {
  const connections: Socket[] = [];
  const waiting: { n: number; resolve: (socket: Socket) => void }[] = [];
  server.on("connection", (socket) => {
    connections.push(socket);
    socket.on("error", () => {});
    onSocket(socket, connections.length);
    for (const { n, resolve } of waiting) if (n === connections.length) resolve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    connection: (n) =>
      connections.length >= n
        ? Promise.resolve(connections[n - 1]!)
        : new Promise((resolve) => waiting.push({ n, resolve })),
    [Symbol.dispose]() {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}
