import { CHAT_LIMITS, ChatError } from "@warren/wire";
import type { Context } from "hono";
import * as v from "valibot";
import type { Env } from "./http.ts";

/** What a body of JSON may have. */
const MOST_BYTES = 65_536;

/** Text of people, trimmed, that is not empty. */
export const Words = (bytes: number) =>
  v.pipe(
    v.string(),
    v.transform((said) => said.trim()),
    v.minLength(1),
    v.maxBytes(bytes),
  );
export const ClientId = Words(CHAT_LIMITS.clientMessageId);

/**
 * A body of JSON. Rejects with a `ChatError` that names what is wrong with it and repeats nothing of it:
 * MESSAGE_TOO_LARGE, INVALID_FORMAT, MISSING_FIELD.
 */
export async function readBody<S extends v.GenericSchema>(
  c: Context<Env>,
  schema: S,
): Promise<v.InferOutput<S>> {
  const parsed = v.safeParse(schema, jsonOf(await readText(c, MOST_BYTES)), { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? "the body";
  if (issue.input === undefined) throw new ChatError("MISSING_FIELD", `${field} is missing`);
  throw new ChatError("INVALID_FORMAT", `${field} is not what it should be (${issue.type})`);
}

/** What a body of JSON says, undefined for none. Rejects with a `ChatError`: MESSAGE_TOO_LARGE. */
export async function readLoosely(c: Context<Env>): Promise<unknown> {
  const text = await readText(c, MOST_BYTES);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A body as text, never more than that of it in memory. */
export async function readText(c: Context<Env>, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) {
      throw new ChatError("MESSAGE_TOO_LARGE", `a body has at most ${mostBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ChatError("INVALID_FORMAT", "expected a body of JSON");
  }
}
