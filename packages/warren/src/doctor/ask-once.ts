import { request, type IncomingHttpHeaders } from "node:http";
import { isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import {
  bareHost,
  DialError,
  dialSocket,
  proxyFor,
  type ClientTls,
  type ProxySettings,
} from "@warren/host";

export interface AskOnce {
  /** `http` or `https`: what is asked for. Its host is the Host that is said, and the name that TLS asks for. */
  url: URL;
  /** Where to connect to instead, as a URL of the same scheme: a visitor whose DNS leads there. */
  at: URL;
  tls: ClientTls;
  proxy: ProxySettings;
  signal: AbortSignal;
}

export interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  /** The beginning of it. */
  body: string;
  /** What a browser would say of the certificate; undefined where it is well, or there is none. */
  distrust: string | undefined;
}

const MOST_BODY = 4_096;

/**
 * One request on a connection of its own, without credentials: it goes on past a certificate that nobody trusts, and
 * says so. Rejects with a DialError, or with what broke later.
 */
export async function askOnce({ url, at, tls, proxy, signal }: AskOnce): Promise<Answered> {
  const isSecure = url.protocol === "https:";
  const plain = new URL(`http://${at.hostname}:${at.port || (isSecure ? 443 : 80)}`);
  const tcp = await dialSocket({ url: plain, tls, proxy: proxyFor(at, proxy) }, signal);
  try {
    const secure = isSecure
      ? await openTls(tcp, bareHost(url.hostname), { tls, signal })
      : undefined;
    const answered = await answerOf(secure ?? tcp, url, signal);
    return { ...answered, distrust: secure && distrustOf(secure) };
  } finally {
    tcp.destroy();
  }
}

function openTls(
  socket: Socket,
  host: string,
  { tls, signal }: Pick<AskOnce, "tls" | "signal">,
): Promise<TLSSocket> {
  const { ca, cert, key } = tls;
  const secure = connect({
    socket,
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    rejectUnauthorized: false,
  });
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  secure.on("secureConnect", () => resolve(secure));
  secure.on("error", (cause) => {
    const problem = `no TLS for ${host}: ${cause.message}`;
    reject(signal.aborted ? signal.reason : new DialError("tls", problem, { cause }));
  });
  secure.on("close", () => reject(new DialError("tls", `no TLS for ${host}: it was closed`)));
  return promise;
}

/** Node puts a word of its own, or of OpenSSL, there. */
function distrustOf({ authorized, authorizationError }: TLSSocket): string | undefined {
  if (authorized) return undefined;
  const said: unknown = authorizationError;
  return said instanceof Error ? said.message : String(said);
}

async function answerOf(socket: Socket, url: URL, signal: AbortSignal) {
  const headers = { host: url.host, "user-agent": "warren-doctor", connection: "close" };
  const path = `${url.pathname}${url.search}`;
  const asked = request({ path, headers, createConnection: () => socket, signal });
  const { promise, resolve, reject } = Promise.withResolvers<Omit<Answered, "distrust">>();
  asked.on("error", reject);
  asked.on("response", (answer) => {
    let body = "";
    answer.setEncoding("utf8");
    // An answer may go on for ever: its beginning says enough.
    const done = (): void =>
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
    answer.on("data", (text: string) => {
      body = (body + text).slice(0, MOST_BODY);
      if (body.length === MOST_BODY) done();
    });
    answer.on("error", reject);
    answer.on("end", done);
  });
  asked.end();
  return promise;
}
