import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.ts";
import { asKubeError } from "./answer.ts";
import type { WatchEvent, WatchFrom } from "./client.ts";
import { Deadline } from "./deadline.ts";
import { jsonLines } from "./json-lines.ts";
import { KubeError, refusal } from "./kube-error.ts";
import type { KubeObject } from "./object.ts";
import { selectorsOf, type Query } from "./path.ts";

export interface WatchEventsOptions {
  what: string;
  from: WatchFrom;
  open: (query: Query, life: AbortController) => Promise<IncomingMessage>;
  clock: Clock;
  signal: AbortSignal | undefined;
}

/** How much later than it said a server may end a stream, before it is held for dead. */
const MARGIN_MS = 15_000;

/** The events of one stream; it is closed when whoever reads them stops. */
export async function* watchEvents<T extends KubeObject>(
  options: WatchEventsOptions,
): AsyncGenerator<WatchEvent<T>, void> {
  const { what, from, clock, signal } = options;
  const life = new AbortController();
  using deadline = new Deadline(clock, from.timeoutSeconds * 1_000 + MARGIN_MS, signal);
  const part = deadline.ends(life);
  try {
    const answer = await options.open(queryOf(from), life);
    for await (const said of jsonLines(what, answer)) yield eventOf<T>(what, said);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw deadline.passed ? silent(what) : asKubeError(what, error);
  } finally {
    part();
    life.abort();
  }
}

function queryOf({ select, resourceVersion, timeoutSeconds }: WatchFrom): Query {
  return {
    ...selectorsOf(select),
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
  };
}

/** An ERROR has the Status that would have been the answer, had it not begun as 200. */
function eventOf<T>(what: string, said: unknown): WatchEvent<T> {
  const { type, object } = (said ?? {}) as { type?: unknown; object?: { metadata?: unknown } };
  if (type === "ERROR") {
    throw refusal(what, { status: 0, body: object, retryAfterMs: undefined });
  }
  if (typeof object?.metadata !== "object") {
    throw new KubeError(`${what}: the stream has something that is no event`, {
      status: 200,
      reason: "Unreadable",
      retryAfterMs: undefined,
    });
  }
  return said as WatchEvent<T>;
}

function silent(what: string): KubeError {
  return new KubeError(`${what}: the stream went on past its time, as that of a dead server does`, {
    status: 0,
    reason: "Timeout",
    retryAfterMs: undefined,
  });
}
