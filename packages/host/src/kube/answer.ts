import type { IncomingMessage } from "node:http";
import { KubeError, refusal, unreachable } from "./kube-error.ts";

/** A page of 500 objects of 200 KB, which is far beyond what a cluster holds, and still one string. */
const MOST_BODY_BYTES = 128 * 1_048_576;
/** What a refusal may say; the rest of it is cut off. */
const MOST_REFUSAL_BYTES = 65_536;

/** The parsed body of an answer that says yes. Rejects with a KubeError. */
export async function bodyOf(what: string, answer: IncomingMessage): Promise<unknown> {
  const text = await textOf(answer, MOST_BODY_BYTES);
  if (text === undefined) throw tooLarge(what, MOST_BODY_BYTES);
  return parsed(what, text);
}

/** The error that an answer of another status than 2xx says. Reads its body, so that its socket is used again. */
export async function refusalOf(what: string, answer: IncomingMessage): Promise<KubeError> {
  const text = await textOf(answer, MOST_REFUSAL_BYTES).catch(() => undefined);
  const retryAfterMs = retryAfterOf(answer);
  return refusal(what, { status: answer.statusCode ?? 0, body: tried(text), retryAfterMs });
}

/** `Retry-After` in milliseconds; the API server says seconds, and so is read nothing else. */
export function retryAfterOf({ headers }: IncomingMessage): number | undefined {
  const said = headers["retry-after"];
  return said !== undefined && /^\d{1,6}$/.test(said) ? Number(said) * 1_000 : undefined;
}

export function tooLarge(what: string, bytes: number): KubeError {
  return new KubeError(`${what}: the API server sent more than ${bytes} bytes at once`, {
    status: 200,
    reason: "TooLarge",
    retryAfterMs: undefined,
  });
}

/** `text` as JSON. Throws a KubeError, without what was said: it may be a Secret. */
export function parsed(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KubeError(`${what}: the API server's answer is not JSON`, {
      status: 200,
      reason: "Unreadable",
      retryAfterMs: undefined,
    });
  }
}

export function asKubeError(what: string, error: unknown): KubeError {
  return error instanceof KubeError ? error : unreachable(what, error);
}

function tried(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined when it is longer than `most`; the connection is then closed. */
async function textOf(answer: IncomingMessage, most: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString("utf8");
}
