import type { IncomingMessage } from "node:http";
import { ChatError } from "@warren/wire";
import type { Context } from "hono";
import type { Incoming } from "../files/file-desk.ts";
import type { FileKind } from "../files/ports.ts";
import type { Env } from "./http.ts";

/**
 * The body of an upload as it comes in, never held: a form with a part `file`, or the file itself, named
 * in the query.
 */
export function incomingOf(c: Context<Env>): Incoming {
  const contentType = c.req.header("content-type");
  const isForm = contentType?.toLowerCase().startsWith("multipart/") === true;
  return {
    contentType: isForm ? contentType : undefined,
    name: c.req.query("name") ?? "",
    kind: kindIn(c.req.query("kind")),
    declaredBytes: declaredBytes(c.req.header("content-length")),
    source: bodyOf(c.env.incoming),
  };
}

export function kindIn(said: unknown): FileKind {
  if (said === undefined || said === "" || said === "file") return "file";
  if (said === "voice") return "voice";
  throw new ChatError("INVALID_FORMAT", "kind is file or voice");
}

function declaredBytes(said: string | undefined): number | undefined {
  return said !== undefined && /^\d{1,15}$/.test(said) ? Number(said) : undefined;
}

/** The request is left open when its body is: it has an answer to come. */
function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () =>
      request.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>,
  };
}
