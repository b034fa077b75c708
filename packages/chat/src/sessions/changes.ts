import { ChatError } from "@warren/wire";
import type { Bodies } from "../log/body.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Journal, Recorded } from "../log/journal.ts";
import { mayDelete, mayEdit } from "../log/view.ts";
import type { KnownMessage, MessageIndex } from "./message-index.ts";
import { markOf, type Mark } from "./mark.ts";
import { authorOf, type Viewer } from "./viewer.ts";

export interface ChangesOptions {
  journal: Journal;
  index: MessageIndex;
  /** True for a session of which nothing is left. */
  isErased: (key: SessionKey) => Promise<boolean>;
}

/**
 * What people do with messages that were said. Everything rejects with a `ChatError`: NOT_FOUND for a message
 * that the session does not have or the viewer may not see, GONE for one that was deleted or whose session
 * was erased, FORBIDDEN for one that is not theirs to change. Nothing is stored then.
 */
export class Changes {
  readonly #options: ChangesOptions;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  async edit(viewer: Viewer, key: SessionKey, change: Mark & Bodies["edit"]): Promise<Recorded> {
    const { content } = change;
    const asked = { messageId: change.messageId, isKept: true };
    const { messageId, author, note } = await this.#target(viewer, key, asked);
    if (!mayEdit(authorOf(viewer, key.userId), author)) throw notYours("changed");
    return this.#say(viewer, key, change, { kind: "edit", body: { messageId, content, ...note } });
  }

  async delete(
    viewer: Viewer,
    key: SessionKey,
    change: Mark & Bodies["delete"],
  ): Promise<Recorded> {
    const asked = { messageId: change.messageId, isKept: false };
    const { messageId, author, note } = await this.#target(viewer, key, asked);
    if (!mayDelete(authorOf(viewer, key.userId), author)) throw notYours("deleted");
    return this.#say(viewer, key, change, { kind: "delete", body: { messageId, ...note } });
  }

  async react(
    viewer: Viewer,
    key: SessionKey,
    change: Mark & Bodies["reaction"],
  ): Promise<Recorded> {
    const { emoji, isOn } = change;
    const asked = { messageId: change.messageId, isKept: isOn };
    const { messageId, note } = await this.#target(viewer, key, asked);
    return this.#say(viewer, key, change, {
      kind: "reaction",
      body: { messageId, emoji, isOn, ...note },
    });
  }

  /** `isKept`: it must not have been deleted. */
  async #target(
    viewer: Viewer,
    key: SessionKey,
    { messageId, isKept }: { messageId: string; isKept: boolean },
  ): Promise<{ messageId: string; author: string; note: { isNote?: true } }> {
    const { index, isErased } = this.#options;
    const message = await index.find(key, messageId);
    if (message === undefined && (await isErased(key))) {
      throw new ChatError("GONE", "this session was erased");
    }
    if (message === undefined || !maySee(viewer, message)) {
      throw new ChatError("NOT_FOUND", "there is no such message");
    }
    if (isKept && message.isDeleted) throw new ChatError("GONE", "this message was deleted");
    const { id, author, isNote } = message;
    return { messageId: id, author, note: isNote ? { isNote: true } : {} };
  }

  #say<K extends "edit" | "delete" | "reaction">(
    viewer: Viewer,
    key: SessionKey,
    mark: Mark,
    { kind, body }: { kind: K; body: Bodies[K] },
  ): Promise<Recorded<K>> {
    const { userId, sessionId } = key;
    const author = authorOf(viewer, userId);
    const of = { userId, sessionId, author, ...markOf(mark), fence: undefined };
    return this.#options.journal.say({ ...of, kind, body });
  }
}

function maySee(viewer: Viewer, { isNote }: KnownMessage): boolean {
  return viewer.isAdmin || !isNote;
}

function notYours(what: "changed" | "deleted"): ChatError {
  return new ChatError("FORBIDDEN", `another's message cannot be ${what}`);
}
