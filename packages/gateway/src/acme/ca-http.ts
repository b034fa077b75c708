import { AsyncLocalStorage } from "node:async_hooks";
import { request as plainRequest, type IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { CaProblem, UNREACHABLE, type CaAnswer } from "./ca-problem.ts";

/** For one request: a CA that says nothing is given up. */
const ANSWER_MS = 30_000;
/** A chain has a few kilobytes; a directory or an order one. */
const MOST_BYTES = 1_048_576;

/** One call of the ACME client: how its requests go out, and what came back last. */
export interface CaCall {
  agent: Agent;
  signal: AbortSignal;
  last: CaAnswer | undefined;
}

/** Which call a request of the client belongs to: it has one configuration for all of a process. */
const calls = new AsyncLocalStorage<CaCall>();

/** Runs what makes requests through the client, whose `send` they then reach. */
export function inCall<T>(call: CaCall, act: () => Promise<T>): Promise<T> {
  return calls.run(call, act);
}

/** What the client asks an adapter for, as far as it is used (axios, `adapter`). */
export interface AdapterRequest {
  url?: string | undefined;
  method?: string | undefined;
  headers?: unknown;
  data?: unknown;
}

/**
 * Sends one request of the client: directly, with the call's CA, bounded in time and size, never
 * sent again. Answers of any status are answers; only a CA that is not reached rejects.
 */
export async function send(asked: AdapterRequest) {
  const call = calls.getStore();
  if (call === undefined) throw new Error("a request of the ACME client outside of a call");
  try {
    const { message, text } = await exchange(asked, call);
    const headers = flat(message);
    const isJson = /\bjson\b/.test(headers["content-type"] ?? "");
    const data = isJson ? parsed(text) : text;
    call.last = { status: message.statusCode ?? 0, headers, data };
    return { ...call.last, statusText: "", config: asked, request: undefined };
  } catch (cause) {
    const { code = "failed" } = cause as NodeJS.ErrnoException;
    const text = `the CA at ${hostOf(asked.url)} was not reached (${code})`;
    throw new CaProblem(UNREACHABLE, text, { cause, retryAfterMs: undefined });
  }
}

async function exchange(
  { url = "", method = "get", headers, data }: AdapterRequest,
  { agent, signal }: CaCall,
): Promise<{ message: IncomingMessage; text: string }> {
  const isPlain = url.startsWith("http:");
  const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const options = { method: method.toUpperCase(), headers: fieldsOf(headers), signal: within };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = isPlain ? plainRequest(url, options) : request(url, { ...options, agent });
  sent.on("response", resolve).on("error", reject);
  sent.end(typeof data === "string" ? data : undefined);
  const message = await promise;
  return { message, text: await textOf(message) };
}

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > MOST_BYTES) throw new Error("the answer is too long");
  }
  return Buffer.concat(pieces).toString("utf8");
}

function fieldsOf(headers: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {}))
    if (typeof value === "string") fields[name] = value;
  return fields;
}

function flat({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(", ")]),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function hostOf(url: string | undefined): string {
  return URL.parse(url ?? "")?.host ?? "an unreadable address";
}
