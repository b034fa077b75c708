import type { Answer, Bodies } from "../log/body.ts";
import type { SessionKey } from "../log/entry.ts";
import { wallMsOf } from "../log/hybrid-time.ts";
import type { Saying } from "../log/journal.ts";
import type { Said } from "../log/said.ts";
import { messageIdOf } from "../log/view.ts";

/** Client id of the end of a session that another user goes on with. */
export const MERGED = "merged";

/**
 * Says what was said in one session again in another, of another user: with the same ids, so that copying
 * twice is copying once, and at the times at which it was said.
 */
export class SessionCopy {
  readonly #from: SessionKey;
  readonly #to: SessionKey;
  /** Names of messages in the copy, by their names before. */
  readonly #names = new Map<string, string>();

  constructor(from: SessionKey, to: SessionKey) {
    this.#from = from;
    this.#to = to;
  }

  /** Undefined: it is not copied. In the order of the session. */
  of(said: Said): Saying | undefined {
    const { entry, kind } = said;
    if (kind === "receipt" || entry.clientMessageId === MERGED) return undefined;
    const { clientMessageId, hlc } = entry;
    const author =
      entry.author === `user:${this.#from.userId}` ? `user:${this.#to.userId}` : entry.author;
    const { userId, sessionId } = this.#to;
    this.#names.set(said.messageId, messageIdOf({ sessionId, author, clientMessageId }));
    return {
      userId,
      sessionId,
      kind,
      author,
      clientMessageId,
      body: this.#body(said),
      seen: undefined,
      fence: undefined,
      atMs: wallMsOf(hlc),
    };
  }

  #body(said: Said): Bodies[keyof Bodies] {
    switch (said.kind) {
      case "opened": {
        const { userId, sessionId } = this.#from;
        return { ...said.body, mergedFrom: { userId, sessionId } };
      }
      case "message": {
        const { replyTo, answer, ...others } = said.body;
        return {
          ...others,
          ...(replyTo !== undefined && { replyTo: this.#name(replyTo) }),
          ...(answer !== undefined && { answer: this.#answer(answer) }),
        };
      }
      case "edit":
      case "delete":
      case "reaction":
        return { ...said.body, messageId: this.#name(said.body.messageId) };
      case "ended":
        return { by: `user:${this.#to.userId}` };
      default:
        return said.body;
    }
  }

  /** What it cost is counted where it was spent. */
  #answer({ replyTo, ...answer }: Answer): Answer {
    const free = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };
    const cost = answer.costMicros === undefined ? {} : { costMicros: 0 };
    return { ...answer, ...free, ...cost, replyTo: this.#name(replyTo) };
  }

  #name(messageId: string): string {
    return this.#names.get(messageId) ?? messageId;
  }
}
