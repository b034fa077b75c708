import type { WireEntry } from "@warren/wire";
import type { Outgoing } from "./outbox.ts";

/** Behind everything that the service has numbered. */
const LAST = Number.MAX_SAFE_INTEGER;
/** Behind all that the service has numbered at the same time: clusters' names begin with none such. */
const AFTER_OTHERS = "~";

export interface Author {
  readonly sender: "user" | "admin";
  readonly userId: string | undefined;
}

/**
 * What was said here as an entry, so that it shows at once, by the same rules as what is stored. Once
 * it is acknowledged it has its true name and place, and is one with the entry that comes. Undefined for
 * a change that was refused.
 */
export function provisional(item: Outgoing, author: Author): WireEntry | undefined {
  const { saying, acknowledged: ack, failure, failedAfter, clientMessageId, saidAtMs } = item;
  const of = {
    origin: ack?.origin ?? AFTER_OTHERS,
    number: ack?.number ?? 0,
    hlc: ack?.hlc ?? failedAfter ?? LAST,
    timestamp: new Date(saidAtMs).toISOString(),
    message_id: ack?.messageId ?? `outgoing:${clientMessageId}`,
    client_message_id: clientMessageId,
    sender: author.sender,
    ...(author.userId !== undefined && { author_id: author.userId }),
  };
  const message = messageOf(item);
  if (message !== undefined) return { ...of, ...message };
  return failure === undefined ? changeOf(saying, of) : undefined;
}

type Of = Pick<
  WireEntry,
  "origin" | "number" | "hlc" | "timestamp" | "message_id" | "client_message_id" | "sender"
>;

function messageOf({ saying, file: shown }: Outgoing) {
  switch (saying.type) {
    case "user_message":
      return { kind: "message", message_type: "text", ...wordsOf(saying) } as const;
    case "file_upload":
    case "voice_message": {
      const { file_id, file_url } = saying;
      const message_type = saying.type === "voice_message" ? "voice" : "file";
      const file = { file_id, file_url, ...shown };
      return { kind: "message", message_type, ...wordsOf(saying), file } as const;
    }
    default:
      return undefined;
  }
}

function wordsOf(saying: Extract<Outgoing["saying"], { content: string; metadata?: unknown }>) {
  const { content, metadata, reply_to } = saying as {
    content: string;
    metadata?: Record<string, string>;
    reply_to?: string;
  };
  return { content, ...(metadata && { metadata }), ...(reply_to !== undefined && { reply_to }) };
}

function changeOf(saying: Outgoing["saying"], of: Of): WireEntry | undefined {
  switch (saying.type) {
    case "edit":
      return { ...of, kind: "edit", target_id: saying.message_id, content: saying.content };
    case "delete":
      return { ...of, kind: "delete", target_id: saying.message_id };
    case "reaction": {
      const { message_id: target_id, emoji, on } = saying;
      return { ...of, kind: "reaction", target_id, emoji, on };
    }
    case "model_select":
      return { ...of, kind: "model", model_id: saying.model_id };
    case "help_request":
      return { ...of, kind: "help", open: true };
    case "end_session":
      return { ...of, kind: "ended", by: "user" };
    default:
      return undefined;
  }
}
