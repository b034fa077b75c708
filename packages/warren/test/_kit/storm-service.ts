import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { acceptKey, closeFrame, FrameReader, numberedFrame } from "./numbered-frames.ts";
import { pseudoRandom } from "./pseudo-random.ts";

/** What the service has seen; `/verdict` answers it as JSON. */
export interface ServiceVerdict {
  /** WebSockets opened, and closed in the proper way. */
  opened: number;
  closed: number;
  messages: number;
  /** The first of them; there may be many of a kind. */
  faults: string[];
}

const MOST_FAULTS = 20;

export interface StormService extends AsyncDisposable {
  readonly port: number;
  readonly verdict: ServiceVerdict;
}

/**
 * The far end of a storm, on 127.0.0.1 (`port` 0: a free one):
 * GET /bytes?seed=S&length=N streams pseudo-random bytes; POST /upload answers `{bytes, sha256}`;
 * a WebSocket at /numbers expects 1, 2, 3... and sends each back; GET /verdict tells; / is 204.
 */
export async function startStormService(port = 0): Promise<StormService> {
  const verdict: ServiceVerdict = { opened: 0, closed: 0, messages: 0, faults: [] };
  const server = createServer((request, response) => {
    answer(request, response, verdict).catch((reason: Error) => {
      note(verdict, `${request.url}: ${reason.message}`);
      response.destroy();
    });
  });
  server.requestTimeout = 0;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request, socket: Socket) => converse(request, socket, verdict));
  server.listen({ port, host: "127.0.0.1", backlog: 4096 });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    verdict,
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), "close");
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  verdict: ServiceVerdict,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://storm.test");
  if (pathname === "/verdict") response.end(JSON.stringify(verdict));
  else if (pathname === "/bytes") {
    const length = Number(searchParams.get("length"));
    response.writeHead(200, { "content-length": length });
    await pipeline(Readable.from(pseudoRandom(Number(searchParams.get("seed")), length)), response);
  } else if (pathname === "/upload" && request.method === "POST") {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    response.end(JSON.stringify({ bytes, sha256: hash.digest("hex") }));
  } else response.writeHead(pathname === "/" ? 204 : 404).end();
}

/** Expects one socket's numbers from 1 on, in order, and says each one back. */
function converse(request: IncomingMessage, socket: Socket, verdict: ServiceVerdict): void {
  verdict.opened++;
  let last = 0;
  let self: number | undefined;
  let over = false;
  socket.setNoDelay(true);
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" +
      `sec-websocket-accept: ${acceptKey(String(request.headers["sec-websocket-key"]))}\r\n\r\n`,
  );
  const reader = new FrameReader(
    {
      message(numbered) {
        verdict.messages++;
        self ??= numbered.socket;
        if (numbered.socket !== self || numbered.message !== last + 1) {
          note(verdict, `socket ${self} had ${last}, then ${said(numbered)}`);
        }
        last = numbered.message;
        socket.write(numberedFrame(numbered, false));
      },
      broken: (what) => note(verdict, `socket ${self} after ${last}: ${what}`),
      closed() {
        verdict.closed++;
        over = true;
        socket.end(closeFrame(false));
      },
      pong: (frame) => socket.write(frame),
    },
    true,
  );
  socket.on("data", (chunk: Buffer) => reader.read(chunk));
  socket.on("error", (reason) => note(verdict, `socket ${self} after ${last}: ${reason.message}`));
  socket.on("close", () => {
    if (!over) note(verdict, `socket ${self} was cut after ${last}`);
  });
}

function said({ socket, message }: { socket: number; message: number }): string {
  return `message ${message} of socket ${socket}`;
}

function note(verdict: ServiceVerdict, fault: string): void {
  if (verdict.faults.length < MOST_FAULTS) verdict.faults.push(fault);
}

// `node storm-service.ts PORT`: a process of its own, for runs that measure others.
if (import.meta.main) await startStormService(Number(process.argv[2]));
