import { LRUCache } from "lru-cache";
import { bodyOf } from "../log/body.ts";
import type { Entry, SessionKey } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";
import { including, NO_VERSIONS, type Versions } from "../log/versions.ts";
import { mayDelete, messageIdOf } from "../log/view.ts";

/** What can be told of a message without opening it. */
export interface KnownMessage {
  readonly id: string;
  readonly author: string;
  /** For admins alone. */
  readonly isNote: boolean;
  readonly isDeleted: boolean;
}

interface Indexed {
  readonly messages: Map<string, KnownMessage>;
  /** Ids that messages had when a guest said them, whose device may go on to know them so. */
  readonly former: Map<string, string>;
  /** The guest's session that this one goes on with. */
  mergedFrom: SessionKey | undefined;
  versions: Versions;
}

/** Entries that are read at once. */
const READ = 1_000;
/** Messages that are remembered, of all sessions, some 200 bytes each. */
const MOST_KNOWN = 200_000;

/**
 * Who said a message of a session. What was found once is remembered: only what came since is read, so that
 * whoever asks for messages that are not there makes nobody read a long session again and again.
 */
export class MessageIndex {
  readonly #log: MessageLog;
  readonly #sessions = new LRUCache<string, Indexed>({
    maxSize: MOST_KNOWN,
    sizeCalculation: ({ messages, former }) => messages.size + former.size + 1,
  });

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /** As it is now; undefined: the session has no such message. Rejects as the log does. */
  async find(key: SessionKey, messageId: string): Promise<KnownMessage | undefined> {
    const indexed = this.#sessions.get(key.sessionId) ?? {
      messages: new Map(),
      former: new Map(),
      mergedFrom: undefined,
      versions: NO_VERSIONS,
    };
    await this.#readOn(key, indexed);
    this.#sessions.set(key.sessionId, indexed);
    return indexed.messages.get(indexed.former.get(messageId) ?? messageId);
  }

  async #readOn(key: SessionKey, indexed: Indexed): Promise<void> {
    for (;;) {
      const entries = await this.#log.after(key, indexed.versions, READ);
      for (const entry of entries) take(indexed, entry);
      if (entries.length < READ) return;
    }
  }
}

function take(indexed: Indexed, entry: Entry): void {
  const { messages } = indexed;
  indexed.versions = including(indexed.versions, entry);
  if (entry.kind === "message") {
    const isNote = bodyOf({ ...entry, kind: "message" }).isNote === true;
    // Another cluster's twin of it changes nothing.
    const id = messageIdOf(entry);
    if (messages.has(id)) return;
    messages.set(id, { id, author: entry.author, isNote, isDeleted: false });
    if (indexed.mergedFrom !== undefined)
      indexed.former.set(formerId(entry, indexed.mergedFrom), id);
  } else if (entry.kind === "opened") {
    indexed.mergedFrom ??= bodyOf({ ...entry, kind: "opened" }).mergedFrom;
  } else if (entry.kind === "delete") {
    const { messageId } = bodyOf({ ...entry, kind: "delete" });
    const message = messages.get(messageId);
    if (message === undefined || !mayDelete(entry.author, message.author)) return;
    messages.set(messageId, { ...message, isDeleted: true });
  }
}

function formerId(entry: Entry, { userId, sessionId }: SessionKey): string {
  const isOwn = entry.author === `user:${entry.userId}`;
  const { clientMessageId } = entry;
  return messageIdOf({
    sessionId,
    author: isOwn ? `user:${userId}` : entry.author,
    clientMessageId,
  });
}
