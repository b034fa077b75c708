import type { Bodies } from "../log/body.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Saying } from "../log/journal.ts";
import type { LegacyMessage, LegacySession } from "./ports.ts";

/** Something that was said, and when. */
export interface DatedSaying {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly saying: Saying;
}

/**
 * What the log would have if the session had been had here, in order; always the same for the same
 * session, so that it can be said again. `open` makes the text of a stored content. What the service
 * before never stored (tokens, response times, who took it over) is not made up.
 */
export function legacySayings(
  session: LegacySession,
  key: SessionKey,
  open: (content: string) => string,
): DatedSaying[] {
  const { id, userId, name, modelId, startMs, endMs } = session;
  const opened = { alias: id, ...(modelId !== undefined && { modelId }) };
  const said = session.messages.map((message, at): DatedSaying => ({
    atMs: message.atMs,
    saying: {
      ...saying(key, "message", bodyOf(message, open)),
      author: authorOf(session, message),
      clientMessageId: `legacy-${at + 1}`,
    },
  }));
  const begun = { atMs: startMs, saying: saying(key, "opened", opened) };
  const named =
    name === undefined ? [] : [{ atMs: startMs, saying: saying(key, "named", { name }) }];
  const by = `user:${userId}`;
  const ended =
    endMs === undefined
      ? []
      : [{ atMs: endMs, saying: { ...saying(key, "ended", { by }), author: by } }];
  return [begun, ...named, ...said, ...ended];
}

/** The names under which `Talk` says the same. */
const NAMES = { opened: "opened", named: "name", ended: "ended", message: "" } as const;

function saying<K extends keyof typeof NAMES>(key: SessionKey, kind: K, body: Bodies[K]): Saying {
  const { userId, sessionId } = key;
  return {
    userId,
    sessionId,
    kind,
    author: "system",
    clientMessageId: NAMES[kind],
    body,
    seen: undefined,
    fence: undefined,
  };
}

function authorOf({ userId, modelId, adminId }: LegacySession, { sender }: LegacyMessage): string {
  switch (sender) {
    case "user":
      return `user:${userId}`;
    case "ai":
      return `bot:${modelId ?? "unknown"}`;
    case "admin":
      return `admin:${adminId ?? "unknown"}`;
    case "system":
      return "system";
  }
}

function bodyOf(message: LegacyMessage, open: (content: string) => string): Bodies["message"] {
  const { content, sender, file, metadata } = message;
  return {
    sender,
    type: file === undefined ? "text" : "file",
    // It was sealed like any other, also where there was nothing to say.
    content: content === "" ? "" : open(content),
    ...(file && { file }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}
