import { isDeepStrictEqual } from "node:util";
import { ChatError } from "@warren/wire";
import type { Bodies } from "./body.ts";
import type { Entry, EntryKind, SessionKey } from "./entry.ts";
import type { MessageLog } from "./ports.ts";
import type { Said, Texts } from "./said.ts";
import type { Versions } from "./versions.ts";
import { messageIdOf } from "./view.ts";

/** What somebody says, with its texts open. */
export interface Saying<K extends EntryKind = EntryKind> extends SessionKey {
  readonly kind: K;
  readonly author: string;
  readonly clientMessageId: string;
  readonly body: Bodies[K];
  /** The highest time that the author has seen in the session. */
  readonly seen: number | undefined;
  /** The control epoch under which it is said; undefined: any. */
  readonly fence: number | undefined;
  /** When it was said, for what is copied from elsewhere; epoch milliseconds. */
  readonly atMs?: number;
}

export interface Recorded<K extends EntryKind = EntryKind> {
  readonly said: Said<K>;
  /** It was said before, and nothing was stored now. */
  readonly isRepeated: boolean;
}

export interface JournalOptions {
  log: MessageLog;
  texts: Texts;
  /** A message with the address of its file, as whoever reads it gets it now. */
  linked: (said: Said) => Said;
  /** Something was stored here, in the order of its session. */
  stored: (said: Said) => void;
}

/** Writes what is said into the log, sealed, and reads it back. */
export class Journal {
  readonly #options: JournalOptions;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  get origin(): string {
    return this.#options.log.origin;
  }

  /**
   * Resolves once it is durable. Rejects with a `ChatError`: CONFLICT (its author used the id for
   * something else), CONTROL_CHANGED, SESSION_ENDED, or DATABASE_ERROR, after which the same may be said
   * again.
   */
  async say<K extends EntryKind>(saying: Saying<K>): Promise<Recorded<K>> {
    const { log, texts, stored, linked } = this.#options;
    const { kind, body, ...others } = saying;
    const sealed = await texts.seal(saying, kind, body);
    const control = kind === "control" ? (body as Bodies["control"]).mode : undefined;
    const accepted = await log.append({
      ...others,
      kind,
      control,
      body: JSON.stringify(sealed),
    });
    switch (accepted.outcome) {
      case "stored": {
        const { entry } = accepted;
        // Not opened again: what was sealed a moment ago is at hand.
        const said = linked({
          kind,
          entry,
          messageId: messageIdOf(entry),
          body,
        } as unknown as Said);
        stored(said);
        return { said: said as Said<K>, isRepeated: false };
      }
      case "existing": {
        const found = await texts.open(accepted.entry);
        if (!isSame(found, saying)) throw new ChatError("CONFLICT", USED);
        return { said: linked(found) as Said<K>, isRepeated: true };
      }
      case "fenced":
        throw new ChatError("CONTROL_CHANGED", "who answers in this session has changed");
      case "closed":
        throw new ChatError("SESSION_ENDED", "this session is over: begin a new one");
    }
  }

  /** What `versions` lack, in the session's order. */
  async after(key: SessionKey, versions: Versions, limit: number): Promise<Said[]> {
    return this.#open(await this.#options.log.after(key, versions, limit));
  }

  /** The same for a copy: files of ours have no address. */
  async unaddressed(key: SessionKey, versions: Versions, limit: number): Promise<Said[]> {
    const { log, texts } = this.#options;
    return texts.openAll(await log.after(key, versions, limit));
  }

  /** The newest, in the session's order, and what is left below them. */
  async latest(key: SessionKey, before: Versions | undefined, limit: number) {
    const { entries, older } = await this.#options.log.latest(key, before, limit);
    return { said: await this.#open(entries), older };
  }

  async #open(entries: readonly Entry[]): Promise<Said[]> {
    const { texts, linked } = this.#options;
    return (await texts.openAll(entries)).map(linked);
  }
}

const USED = "this client message id was used for something else";

/** A repetition says the same; what the service adds to it may differ from one try to the next. */
function isSame({ kind, body }: Said, saying: Saying): boolean {
  if (kind !== saying.kind) return false;
  return isDeepStrictEqual(sayingOf(kind, body), sayingOf(kind, saying.body));
}

/** Without the names that come from the token: another token of the same person may say another. */
function sayingOf(kind: EntryKind, body: Bodies[EntryKind]): unknown {
  const said = JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
  if (kind === "message") delete said["name"];
  if (kind === "control") delete said["adminName"];
  return said;
}
