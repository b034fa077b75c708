import type { Clock, Secret } from "@warren/host";
import { eventStream, type StreamEvent } from "./event-stream.ts";
import type { ProviderEvent, ProviderRequest } from "./ports.ts";
import { ProviderError } from "./provider-error.ts";
import { replyFault } from "./upstream-fault.ts";
import type { Call, Reply, Upstream } from "./upstream.ts";

/** A raw exchange for one answer: what a Provider does before timers and bookkeeping are added. */
export interface Exchange {
  stream(request: ProviderRequest, signal: AbortSignal): AsyncIterable<ProviderEvent>;
  probe(signal: AbortSignal): Promise<void>;
}

/** How one API is spoken over a stream of events. */
export interface Dialect {
  /** Below the endpoint. */
  readonly path: string;
  /** A GET below the endpoint that needs the key and costs nothing. */
  readonly probePath: string;
  headers(key: string): Record<string, string>;
  body(request: ProviderRequest): object;
  /** A reader of one answer: gives what an event says, `finish` last, or throws a ProviderError. */
  reader(key: string): (event: StreamEvent) => readonly ProviderEvent[];
}

export interface Destination {
  endpoint: URL;
  key: Secret;
}

export interface UpstreamDeps {
  upstream: Upstream;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** An exchange by POST and server-sent events. A stream without its dialect's end has broken off. */
export function streaming(dialect: Dialect, to: Destination, deps: UpstreamDeps): Exchange {
  return {
    async *stream(request, signal) {
      const key = await keyOf(to.key);
      const reply = await deps.upstream.send(callOf(dialect, to, { request, key }), signal);
      await expectStream(reply, key, deps);
      let ended = false;
      try {
        const read = dialect.reader(key);
        for await (const event of eventStream(reply.chunks)) {
          for (const said of read(event)) {
            ended = said.type === "finish";
            yield said;
            if (ended) return;
          }
        }
        throw new ProviderError("broke_off", "the stream ended without its end");
      } finally {
        if (ended) reply.release();
        else reply.cut();
      }
    },
    async probe(signal) {
      const key = await keyOf(to.key);
      const url = below(to.endpoint, dialect.probePath);
      const headers = dialect.headers(key);
      const reply = await deps.upstream.send({ method: "GET", url, headers, body: "" }, signal);
      await expectWilling(reply, key, deps);
    },
  };
}

/** The secret as it is now; one that cannot be had or sent is a refusal, so that others may answer. */
export async function keyOf(secret: Secret): Promise<string> {
  const key = await secret.read().catch((cause: unknown) => {
    throw new ProviderError("refused", "the key cannot be read", { cause, status: 401 });
  });
  if (/^[\u0021-\u007e]+$/.test(key)) return key;
  throw new ProviderError("refused", "the key has characters that no header takes", {
    status: 401,
  });
}

function callOf(
  dialect: Dialect,
  to: Destination,
  { request, key }: { request: ProviderRequest; key: string },
): Call {
  const headers = {
    ...dialect.headers(key),
    "content-type": "application/json",
    accept: "text/event-stream",
  };
  const body = JSON.stringify(dialect.body(request));
  return { method: "POST", url: below(to.endpoint, dialect.path), headers, body };
}

/** `endpoint` with `path` after its own, which a base for URL resolution would lose. */
function below(endpoint: URL, path: string): URL {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url;
}

async function expectStream(reply: Reply, key: string, deps: UpstreamDeps): Promise<void> {
  const type = reply.header("content-type") ?? "";
  if (reply.status === 200 && /^text\/event-stream\s*(;|$)/i.test(type)) return;
  throw await replyFault(reply, { ...deps, key });
}

/** Whoever does not know the path of the probe is there all the same. */
async function expectWilling(reply: Reply, key: string, deps: UpstreamDeps): Promise<void> {
  const unknownPath = reply.status === 404 || reply.status === 405;
  if (unknownPath || (reply.status >= 200 && reply.status < 300)) return reply.cut();
  throw await replyFault(reply, { ...deps, key });
}
