import { createServer as createHttp, type RequestListener } from "node:http";
import { once } from "node:events";
import { connect, createServer as createNet } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { Waiting } from "@warren/host/testing";

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
  const waiting = new Waiting();
  server.on("connection", (socket) => {
    connections.push(socket);
    socket.on("error", () => {});
    onSocket(socket, connections.length);
    waiting.look();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    connection: (n) => waiting.until(() => connections[n - 1]),
    [Symbol.dispose]() {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

/** Listens in a thread that stands still ever after: nobody accepts. */
const STANDING = `
  const { parentPort } = require("node:worker_threads");
  const server = require("node:net").createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

/** A port at which a connect gets no answer: its queue is full, so that the kernel drops each SYN. */
export async function deafService(): Promise<{ port: number } & AsyncDisposable> {
  const worker = new Worker(STANDING, { eval: true });
  const [port] = (await once(worker, "message")) as [number];
  const waiting: Socket[] = [];
  // The queue holds one more than its backlog.
  for (let i = 0; i < 2; i++) {
    const socket = connect({ port, host: "127.0.0.1" });
    waiting.push(socket);
    await once(socket, "connect");
    socket.on("error", () => {});
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      await worker.terminate();
    },
  };
}
