import { request, type IncomingHttpHeaders } from "node:http";
import { dialSocket, proxyFor, type ClientTls, type ProxySettings } from "@warren/host";

export interface AskOnce {
  /** `http` or `https`. */
  url: URL;
  /** The Host to say, where it is not the URL's. */
  host: string | undefined;
  tls: ClientTls;
  proxy: ProxySettings;
  signal: AbortSignal;
}

export interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  /** The beginning of it. */
  body: string;
}

const MOST_BODY = 4_096;

/** One request on a connection of its own. Rejects with a DialError, or with what broke later. */
export async function askOnce({ url, host, tls, proxy, signal }: AskOnce): Promise<Answered> {
  const socket = await dialSocket({ url, tls, proxy: proxyFor(url, proxy) }, signal);
  const headers = { host: host ?? url.host, "user-agent": "warren-doctor", connection: "close" };
  const path = `${url.pathname}${url.search}`;
  const asked = request({ path, headers, createConnection: () => socket, signal });
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  asked.on("error", reject);
  asked.on("response", (answer) => {
    let body = "";
    answer.setEncoding("utf8");
    answer.on("data", (text: string) => (body = (body + text).slice(0, MOST_BODY)));
    answer.on("error", reject);
    answer.on("end", () =>
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }),
    );
  });
  asked.end();
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
