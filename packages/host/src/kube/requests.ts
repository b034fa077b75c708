import * as http from "node:http";
import * as https from "node:https";
import { wait, type Clock } from "../clock.ts";
import { KubeAccessError, type Credentials, type KubeAccess } from "./access.ts";
import { asKubeError, bodyOf, refusalOf } from "./answer.ts";
import { Deadline } from "./deadline.ts";
import { KubeError } from "./kube-error.ts";
import { queryText, type Query } from "./path.ts";

export interface Call {
  /** For errors: `get ingresses default/web`. */
  what: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query: Query;
  /** Undefined: none. Otherwise sent as JSON, which is YAML too. */
  body: unknown;
  contentType: string;
}

export interface Limits {
  /** For a call with all its repeats; for a watch, until its head has come. */
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

export interface RequestsOptions {
  access: KubeAccess;
  clock: Clock;
  userAgent: string;
}

interface How {
  agent: http.Agent;
  credentials: Credentials;
  signal: AbortSignal;
}

/** Until the kernel asks a quiet peer whether it is there; libuv then asks ten times, each second. */
const KEEP_ALIVE_MS = 15_000;
/** At once; a thousand statuses that are to be written do not open a thousand connections. */
const MOST_CALLS = 32;
/** How often a server that asks for time is asked again (client-go, `rest.Request`: ten times). */
const MOST_REPEATS = 10;
/** Not less, whatever it says: ten at once would be more load, and no time. */
const LEAST_WAIT_MS = 1_000;

/** Requests to one API server over kept connections. */
export class KubeRequests implements Disposable {
  readonly #options: RequestsOptions;
  readonly #module: typeof http | typeof https;
  /** Calls take turns on few connections; a stream has one for itself, for as long as it lasts. */
  readonly #calls: http.Agent;
  readonly #streams: http.Agent;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#module = options.access.server.protocol === "https:" ? https : http;
    const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, scheduling: "lifo" } as const;
    this.#calls = new this.#module.Agent({ ...kept, maxSockets: MOST_CALLS });
    this.#streams = new this.#module.Agent(kept);
  }

  /** The parsed answer. Rejects with a KubeError, a KubeAccessError or the signal's reason. */
  async json(call: Call, { timeoutMs, signal }: Limits): Promise<unknown> {
    using deadline = new Deadline(this.#options.clock, timeoutMs, signal);
    try {
      return await bodyOf(call.what, await this.#repeated(call, this.#calls, deadline.signal));
    } catch (error) {
      throw failureOf(call, error, { deadline, timeoutMs, signal });
    }
  }

  /** An answer whose body goes on. It ends when `life` aborts, which the caller sees to. */
  async stream(call: Call, { timeoutMs, signal }: Limits, life: AbortController) {
    using deadline = new Deadline(this.#options.clock, timeoutMs, signal);
    const part = deadline.ends(life);
    try {
      return await this.#repeated(call, this.#streams, life.signal);
    } catch (error) {
      throw failureOf(call, error, { deadline, timeoutMs, signal });
    } finally {
      part();
    }
  }

  [Symbol.dispose](): void {
    this.#calls.destroy();
    this.#streams.destroy();
  }

  /** Asks again where the API says so: 401 once with fresh credentials, and when told after how long. */
  async #repeated(
    call: Call,
    agent: http.Agent,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    let refused = false;
    for (let repeats = 0; ; repeats += 1) {
      const credentials = await this.#options.access.credentials(refused);
      const answer = await this.#answered(call, { agent, credentials, signal });
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return answer;
      const error = await refusalOf(call.what, answer);
      const isStale = status === 401 && !refused;
      const waitMs = repeats < MOST_REPEATS ? waitAskedFor(error) : undefined;
      if (!isStale && waitMs === undefined) throw error;
      refused = status === 401;
      const isWaited = isStale || (await wait(this.#options.clock, waitMs!, signal));
      if (!isWaited) throw error;
    }
  }

  /** A kept connection may have been closed meanwhile: what only reads is then asked again. */
  async #answered(call: Call, how: How) {
    for (;;) {
      const request = this.#open(call, how);
      try {
        return await headOf(request, call);
      } catch (error) {
        if (!request.reusedSocket || call.method !== "GET" || how.signal.aborted) throw error;
      }
    }
  }

  #open(call: Call, { agent, credentials, signal }: How): http.ClientRequest {
    const { server } = this.#options.access;
    return this.#module.request({
      agent,
      protocol: server.protocol,
      host: server.hostname.replace(/^\[|\]$/g, ""),
      port: server.port,
      method: call.method,
      path: `${server.pathname.replace(/\/$/, "")}${call.path}${queryText(call.query)}`,
      headers: { ...this.#headers(call), ...authorization(credentials), host: server.host },
      signal,
      ...tlsOf(credentials),
    });
  }

  #headers({ body, contentType }: Call): Record<string, string> {
    const sent = body === undefined ? {} : { "content-type": contentType };
    return { "user-agent": this.#options.userAgent, accept: "application/json", ...sent };
  }
}

function authorization({ token, headers }: Credentials): Record<string, string> {
  return token === undefined ? { ...headers } : { ...headers, authorization: `Bearer ${token}` };
}

function tlsOf({ ca, cert, key, servername, verify }: Credentials): https.RequestOptions {
  const said = { ca, cert, key, servername };
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), rejectUnauthorized: verify };
}

function headOf(request: http.ClientRequest, { body }: Call): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    request.on("error", reject);
    if (body === undefined) return void request.end();
    const bytes = Buffer.from(JSON.stringify(body));
    // Node gives the body of a DELETE no length by itself.
    request.setHeader("content-length", bytes.length);
    request.end(bytes);
  });
}

/**
 * How long a server that did nothing asks to be left alone, so that all may be asked again. Undefined: it does not say,
 * and whoever called knows better when to ask again (client-go, `rest.checkWait`).
 */
function waitAskedFor({ status, retryAfterMs }: KubeError): number | undefined {
  if (retryAfterMs === undefined || (status !== 429 && status < 500)) return undefined;
  return Math.max(LEAST_WAIT_MS, retryAfterMs);
}

function failureOf(
  { what }: Call,
  error: unknown,
  { deadline, timeoutMs, signal }: Limits & { deadline: Deadline },
): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof KubeError || error instanceof KubeAccessError) return error;
  if (!deadline.passed) return asKubeError(what, error);
  return new KubeError(`${what}: the API server did not answer within ${timeoutMs} ms`, {
    status: 0,
    reason: "Timeout",
    retryAfterMs: undefined,
  });
}
