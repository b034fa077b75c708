import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { ConnectionOptions } from "node:tls";

/** How a client speaks to the gateway. */
export type FrontProtocol = "h1" | "h1 over TLS" | "h2c" | "h2 over TLS";
export const FRONT_PROTOCOLS: readonly FrontProtocol[] = [
  "h1",
  "h1 over TLS",
  "h2c",
  "h2 over TLS",
];

export interface Entry {
  port: number;
  tlsPort: number;
  ca: string;
  host: string;
}

export interface Answer {
  status: number;
  /** Raw names and values, in order. */
  fields: string[];
  body: Buffer;
  trailers: Record<string, string | string[] | undefined>;
}

export interface Request {
  method?: string;
  path?: string;
  headers?: Record<string, string | string[]>;
  body?: Uint8Array;
  trailers?: Record<string, string>;
  /** An informational answer has come. */
  onHint?: () => void;
}

/** One request over one connection of its own, and its whole answer. */
export function exchange(protocol: FrontProtocol, entry: Entry, asked: Request): Promise<Answer> {
  return protocol.startsWith("h1")
    ? overHttp1(protocol === "h1", entry, asked)
    : overHttp2(protocol === "h2c", entry, asked);
}

export function tlsOf({ ca, host }: Entry): ConnectionOptions {
  return { ca, servername: host };
}

function overHttp1(plain: boolean, entry: Entry, asked: Request): Promise<Answer> {
  const { method = "GET", path = "/", headers, body, trailers } = asked;
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      method,
      path,
      headers: { host: entry.host, ...headers },
      agent: false as const,
    };
    const request = plain
      ? http.request({ ...options, port: entry.port })
      : https.request({ ...options, port: entry.tlsPort, ...tlsOf(entry) });
    request.on("error", reject);
    request.on("information", () => asked.onHint?.());
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode!,
          fields: response.rawHeaders,
          body: Buffer.concat(chunks),
          trailers: response.trailers,
        }),
      );
    });
    if (trailers !== undefined) request.addTrailers(trailers);
    request.end(body);
  });
}

/** An HTTP/2 connection to the gateway. */
export function session(plain: boolean, entry: Entry): http2.ClientHttp2Session {
  // So that it is the gateway that refuses a large head.
  const sizes = { maxSendHeaderBlockLength: 1_000_000, maxSessionMemory: 100 };
  const client = plain
    ? http2.connect(`http://127.0.0.1:${entry.port}`, sizes)
    : http2.connect(`https://127.0.0.1:${entry.tlsPort}`, { ...sizes, ...tlsOf(entry) });
  return client.on("error", () => {});
}

async function overHttp2(plain: boolean, entry: Entry, asked: Request): Promise<Answer> {
  const client = session(plain, entry);
  try {
    return await ask(client, entry.host, asked);
  } finally {
    client.destroy();
  }
}

/** One request on a session. */
export function ask(
  client: http2.ClientHttp2Session,
  host: string,
  { method = "GET", path = "/", headers, body, trailers, onHint }: Request,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const head = { ":method": method, ":path": path, ":authority": host, ...headers };
    const endStream = body === undefined && trailers === undefined;
    const request = client.request(head, {
      endStream,
      waitForTrailers: trailers !== undefined,
    });
    const answer: Answer = { status: 0, fields: [], body: Buffer.alloc(0), trailers: {} };
    const chunks: Buffer[] = [];
    client.on("error", reject);
    request.on("error", reject);
    request.on("response", (heads, _flags, raw) => {
      answer.status = Number(heads[":status"]);
      answer.fields = raw;
    });
    request.on("headers", () => onHint?.());
    request.on("trailers", (heads) => (answer.trailers = heads as Answer["trailers"]));
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => resolve({ ...answer, body: Buffer.concat(chunks) }));
    request.on("wantTrailers", () => request.sendTrailers(trailers!));
    if (!endStream) request.end(body);
  });
}

/** All values of a field, in order. */
export function valuesOf({ fields }: { fields: readonly string[] }, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]!.toLowerCase() === name) values.push(fields[i + 1]!);
  return values;
}
