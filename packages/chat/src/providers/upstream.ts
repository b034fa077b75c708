import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Clock } from "@warren/host";
import { ProviderError } from "./provider-error.ts";

/** One HTTP request to a provider. */
export interface Call {
  method: "GET" | "POST";
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** Empty for none. */
  body: string;
}

/** An answer whose head has come. Its owner ends it: `release` after the end, else `cut`. */
export interface Reply {
  readonly status: number;
  /** Field names in lower case; of a repeated one all values, joined. */
  header(name: string): string | undefined;
  /** The body, at the reader's pace. Rejects with the signal's reason, or with a ProviderError. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** All that matters was read: the connection may serve the next call. */
  release(): void;
  /** Closes the connection. */
  cut(): void;
}

/**
 * HTTP to providers: kept connections, a limit on connecting, nothing else. Redirects are answers
 * like others, never followed: a key must not go where the configuration does not say.
 */
export interface Upstream extends Disposable {
  /** Rejects with the signal's reason, or a ProviderError `unreachable`, `timeout_connect`, `garbage`. */
  send(call: Call, signal: AbortSignal): Promise<Reply>;
}

export interface UpstreamOptions {
  clock: Clock;
  /** Until TCP, and TLS where there is, stand. */
  connectMs: number;
}

/** What may still come after the end of an answer, before its connection is no longer worth it. */
const RELEASE_MS = 1000;
/** Idle connections to one provider. */
const MOST_IDLE = 32;

/** Connections by `node:http`, whose phases can be timed apart, unlike those of `fetch`. */
export function openUpstream(options: UpstreamOptions): Upstream {
  const settings = { keepAlive: true, maxFreeSockets: MOST_IDLE };
  const agents = { http: new HttpAgent(settings), https: new HttpsAgent(settings) };
  return {
    async send(call, signal) {
      const first = new Sending(call, agents, options);
      const response = await first.response(signal).catch((error: unknown) => {
        // Closed over there while it lay idle here; nothing of the call was read.
        if (!first.wasStale(error) || signal.aborted) throw faultOf(error, signal);
        return new Sending(call, agents, options)
          .response(signal)
          .catch((again: unknown) => Promise.reject(faultOf(again, signal)));
      });
      return replyOf(response, signal, options.clock);
    },
    [Symbol.dispose]() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

interface Agents {
  http: HttpAgent;
  https: HttpsAgent;
}

/** One try to get the head of an answer. */
class Sending {
  readonly #call: Call;
  readonly #agents: Agents;
  readonly #options: UpstreamOptions;
  #reused = false;

  constructor(call: Call, agents: Agents, options: UpstreamOptions) {
    this.#call = call;
    this.#agents = agents;
    this.#options = options;
  }

  /** The connection was an old one, and the other side had closed it. */
  wasStale(error: unknown): boolean {
    return this.#reused && ["ECONNRESET", "EPIPE"].includes(codeOf(error));
  }

  response(signal: AbortSignal): Promise<IncomingMessage> {
    const { clock, connectMs } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const request = this.#request();
      let response: IncomingMessage | undefined;
      const end = (error: Error) => (response ?? request).destroy(error);
      const aborted = () => end(errorOf(signal.reason));
      const forgetConnect = clock.after(connectMs, () =>
        end(new ProviderError("timeout_connect", `no connection within ${connectMs} ms`)),
      );
      signal.addEventListener("abort", aborted, { once: true });
      request.on("socket", (socket) => {
        this.#reused = request.reusedSocket;
        const secure = this.#call.url.protocol === "https:";
        if (this.#reused) forgetConnect();
        else socket.once(secure ? "secureConnect" : "connect", forgetConnect);
      });
      request.on("response", (head) => {
        response = head;
        // An 'error' that nobody hears ends the process, and a reader may come later or never.
        head.on("error", () => {});
        resolve(head);
      });
      request.on("error", reject);
      request.on("close", () => {
        forgetConnect();
        signal.removeEventListener("abort", aborted);
      });
      request.end(this.#call.body);
    });
  }

  #request() {
    const { url, method, headers, body } = this.#call;
    const secure = url.protocol === "https:";
    const length = body === "" ? {} : { "content-length": Buffer.byteLength(body) };
    const send = secure ? httpsRequest : httpRequest;
    return send(url, {
      method,
      agent: secure ? this.#agents.https : this.#agents.http,
      headers: { ...headers, ...length, "accept-encoding": "identity", "user-agent": "warren" },
    });
  }
}

function replyOf(response: IncomingMessage, signal: AbortSignal, clock: Clock): Reply {
  return {
    status: response.statusCode ?? 0,
    header: (name) => [response.headers[name]].flat().join(", ") || undefined,
    chunks: chunksOf(response, signal),
    release() {
      if (response.readableEnded) return;
      const forget = clock.after(RELEASE_MS, () => response.destroy());
      response.once("close", forget);
      response.resume();
    },
    cut: () => void response.destroy(),
  };
}

async function* chunksOf(response: IncomingMessage, signal: AbortSignal) {
  try {
    // Its owner decides between `release` and `cut`; a reader that stops decides nothing.
    yield* response.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ProviderError("broke_off", `the connection was lost: ${codeOf(error)}`, {
      cause: error,
    });
  }
}

function faultOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ProviderError) return error;
  const code = codeOf(error);
  // HPE_*: what came was no HTTP (llhttp's codes).
  if (code.startsWith("HPE_")) return new ProviderError("garbage", `no HTTP came: ${code}`);
  return new ProviderError("unreachable", `not reached: ${code}`, { cause: error });
}

function codeOf(error: unknown): string {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "no code";
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}
