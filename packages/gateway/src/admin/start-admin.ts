import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { listen, smallServer } from "@warren/host";
import { CODES, WireError } from "@warren/wire";
import type { AdminPorts } from "./admin-ports.ts";
import { openAdminToken } from "./admin-token.ts";
import { endpointsOf, json, type AdminReply, type Endpoint } from "./endpoints.ts";
import { guard, isLoopbackAddress, type Reach } from "./guard.ts";

export interface AdminOptions {
  /** 127.0.0.1 unless the operator says otherwise. */
  host: string;
  port: number;
  /** Holds the credential for changes where the listener is reached beyond loopback; made if missing. */
  tokenFile: string;
}

export interface Admin extends AsyncDisposable {
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
}

const BODY_BYTES = 65_536;
const MOST_CONNECTIONS = 256;

/**
 * Opens the admin listener: health, metrics and views for who operates a gateway, and the few calls
 * that change things (see `guard`). Rejects with a ListenError when the port is taken.
 */
export async function startAdmin(
  options: AdminOptions,
  ports: AdminPorts,
  signal: AbortSignal,
): Promise<Admin> {
  // Nothing is answered before it is known who may reach this, and with which credential.
  const reach = Promise.withResolvers<Reach>();
  const server = openServer(endpointsOf(ports), { ports, reach: reach.promise });
  const said = { host: "--admin-host", port: "--admin-port" };
  await using opened = new AsyncDisposableStack();
  const listener = opened.use(await listen(server, { ...options, fd: undefined, said }));
  reach.resolve(await reachOf(listener.host, options.tokenFile));
  signal.throwIfAborted();
  const owned = opened.move();
  const { host, port } = listener;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { port, url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function reachOf(address: string, tokenFile: string): Promise<Reach> {
  return isLoopbackAddress(address)
    ? { loopback: true }
    : { loopback: false, token: await openAdminToken(tokenFile) };
}

function openServer(endpoints: readonly Endpoint[], context: Context): Server {
  return smallServer((request, response) => {
    void answer(request, endpoints, context).then((reply) => send(response, reply));
  }, MOST_CONNECTIONS);
}

interface Context {
  ports: AdminPorts;
  reach: Promise<Reach>;
}

/** Never rejects: what goes wrong is an answer, and a line in the log where it is a bug. */
async function answer(
  request: IncomingMessage,
  endpoints: readonly Endpoint[],
  { ports, reach }: Context,
): Promise<AdminReply> {
  const address = request.socket.remoteAddress ?? "";
  try {
    const { method, path, query } = read(request);
    const changes = method !== "GET";
    const refused = await guard(request, await reach, changes);
    if (refused?.code === "unauthorized") ports.events.credentialRefused("admin", address, refused);
    if (refused !== undefined) return failure(refused);
    const found = find(endpoints, method, path);
    if (found === undefined) return missing(endpoints, path);
    const { endpoint, rest } = found;
    const body = changes ? await readBody(request) : undefined;
    const reply = await endpoint.answer({ rest, query, body });
    if (changes) ports.events.adminChanged(`${method} ${path}`, address);
    return reply;
  } catch (reason) {
    if (!(reason instanceof WireError)) ports.events.broke("admin", reason);
    return failure(WireError.from(reason));
  }
}

function read(request: IncomingMessage): { method: string; path: string; query: URLSearchParams } {
  const target = request.url ?? "/";
  const at = target.indexOf("?");
  const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
  const path = at < 0 ? target : target.slice(0, at);
  return { method, path, query: new URLSearchParams(at < 0 ? "" : target.slice(at)) };
}

function find(
  endpoints: readonly Endpoint[],
  method: string,
  path: string,
): { endpoint: Endpoint; rest: string } | undefined {
  const endpoint = endpoints.find((one) => one.method === method && reaches(one, path));
  return endpoint && { endpoint, rest: decode(path.slice(endpoint.path.length)) };
}

function reaches({ path: own }: Endpoint, path: string): boolean {
  return own.endsWith("/") ? path.startsWith(own) && path.length > own.length : path === own;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new WireError("bad_request", "the path is not well encoded");
  }
}

/** `/` lists what there is; elsewhere 405 where another method would do, else 404. */
function missing(endpoints: readonly Endpoint[], path: string): AdminReply {
  if (path === "/") return json(200, { endpoints: endpoints.map(listed) });
  if (endpoints.some((one) => reaches(one, path)))
    return json(405, { error: { code: "bad_request", message: "another method is needed" } });
  return failure(new WireError("no_route", "there is nothing here; / lists what is"));
}

function listed({ method, path, about }: Endpoint): {
  method: string;
  path: string;
  about: string;
} {
  return { method, path: path.endsWith("/") ? `${path}{host}` : path, about };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) throw new WireError("payload_too_large", "the body is too large");
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new WireError("bad_request", "the body is not JSON");
  }
}

function failure({ code, message }: WireError): AdminReply {
  return json(CODES[code].http, { error: { code, message } });
}

function send(response: ServerResponse, { status, type, body }: AdminReply): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    "content-type": type,
    "content-length": bytes.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    // What was not read of a body that was refused must not be taken for the next request.
    ...(status >= 400 ? { connection: "close" } : {}),
  });
  response.end(bytes);
}
