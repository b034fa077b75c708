import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { bareHost } from "./proxy.ts";
import { tlsProblemOf } from "./tls-problem.ts";

/** What a client shows and trusts. All PEM. */
export interface ClientTls {
  /** Trusted instead of the system's authorities. */
  ca: string | Buffer | undefined;
  /** Client certificate and its key: both or none. */
  cert: string | Buffer | undefined;
  key: string | Buffer | undefined;
}

export interface Dial {
  /** `ws`, `wss`, `http` or `https`. */
  url: URL;
  tls: ClientTls;
  /** `http` or `https`; user and password in it become Proxy-Authorization. */
  proxy: URL | undefined;
}

/** How far a dial came, for the message when it stops there. */
export type DialPhase = "connect" | "proxy" | "tls" | "handshake";

/** A dial that ended before the other side said anything about it. The cause has the details. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly phase: DialPhase;
  constructor(phase: DialPhase, message: string, options?: ErrorOptions) {
    super(message, options);
    this.phase = phase;
  }
}

/**
 * Opens a connected socket to the host of `url`: through the proxy if there is one (CONNECT,
 * RFC 9110 §9.3.6), with TLS on top for `wss` and `https`. Rejects with a DialError, or with the
 * signal's reason when that aborts; no socket is left behind then.
 */
export async function dialSocket(dial: Dial, signal: AbortSignal): Promise<Socket> {
  const { url, proxy, tls } = dial;
  const there = { host: bareHost(url.hostname), port: portOf(url) };
  const socket = await (proxy === undefined
    ? openTcp(there, signal)
    : openThroughProxy(proxy, there, tls, signal));
  return isSecure(url) ? openTls(socket, there.host, tls, signal) : socket;
}

interface Place {
  host: string;
  port: number;
}

async function openTcp({ host, port }: Place, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host, port, noDelay: true });
  // A reset between two phases has no other listener, and an 'error' without one ends the process.
  socket.on("error", () => {});
  const problem = `cannot connect to ${host}:${port}`;
  return ready(socket, "connect", { signal, phase: "connect", problem });
}

async function openTls(
  socket: Socket,
  host: string,
  tls: ClientTls,
  signal: AbortSignal,
): Promise<TLSSocket> {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    socket.destroy();
    throw new DialError("tls", "a client certificate and its key go together: one is missing");
  }
  const problem = `no TLS with ${host}`;
  try {
    const secure = connectTls({
      socket,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      ...(tls.ca !== undefined && { ca: tls.ca }),
      ...(tls.cert !== undefined && { cert: tls.cert, key: tls.key }),
      ALPNProtocols: ["http/1.1"],
    });
    secure.on("error", () => {});
    return await ready(secure, "secureConnect", { signal, phase: "tls", problem });
  } catch (error) {
    // Also a PEM that cannot be read: connectTls throws at once then.
    socket.destroy();
    if (error instanceof DialError || signal.aborted) throw error;
    throw new DialError("tls", `${problem}: ${tlsProblemOf(error)}`, { cause: error });
  }
}

async function openThroughProxy(
  proxy: URL,
  there: Place,
  tls: ClientTls,
  signal: AbortSignal,
): Promise<Socket> {
  const near = { host: bareHost(proxy.hostname), port: portOf(proxy) };
  const plain = await openTcp(near, signal);
  const trusted = { ...tls, cert: undefined, key: undefined };
  const socket = isSecure(proxy) ? await openTls(plain, near.host, trusted, signal) : plain;
  const status = await askProxy(socket, proxy, there, signal);
  if (status >= 200 && status < 300) return socket;
  socket.destroy();
  throw new DialError("proxy", `proxy ${proxy.host} answered ${status} to CONNECT`);
}

/** Sends CONNECT and returns the answer's status. */
async function askProxy(
  socket: Socket,
  proxy: URL,
  there: Place,
  signal: AbortSignal,
): Promise<number> {
  const authority = `${isIP(there.host) === 6 ? `[${there.host}]` : there.host}:${there.port}`;
  const asked = request({
    method: "CONNECT",
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    createConnection: () => socket,
  }).end();
  try {
    const [answer] = (await once(asked, "connect", { signal })) as [IncomingMessage];
    return answer.statusCode ?? 0;
  } catch (error) {
    asked.on("error", () => {});
    socket.destroy();
    if (signal.aborted) throw signal.reason;
    throw new DialError("proxy", `proxy ${proxy.host} failed: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === "" && proxy.password === "") return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

interface Wait {
  signal: AbortSignal;
  phase: DialPhase;
  problem: string;
}

async function ready<S extends Socket>(socket: S, event: string, wait: Wait): Promise<S> {
  try {
    await once(socket, event, { signal: wait.signal });
    return socket;
  } catch (error) {
    socket.destroy();
    if (wait.signal.aborted) throw wait.signal.reason;
    const why = wait.phase === "tls" ? tlsProblemOf(error) : reasonOf(error);
    throw new DialError(wait.phase, `${wait.problem}: ${why}`, { cause: error });
  }
}

/** An AggregateError (several addresses tried) has no message of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(reasonOf).join(", ");
  }
  return error instanceof Error ? error.message : String(error);
}

export function isSecure(url: URL): boolean {
  return url.protocol === "wss:" || url.protocol === "https:";
}

function portOf(url: URL): number {
  return url.port === "" ? (isSecure(url) ? 443 : 80) : Number(url.port);
}
