import { ChatError } from "@warren/wire";
import { SealError } from "../keys/seal-error.ts";
import type { Sealer } from "../keys/sealer.ts";
import { bodyOf, type Bodies } from "./body.ts";
import type { Entry, EntryKind, SessionKey } from "./entry.ts";
import { messageIdOf } from "./view.ts";

/** An entry with its texts open: `body` is as its author wrote it. */
export type Said<K extends EntryKind = EntryKind> = {
  [Kind in K]: {
    readonly kind: Kind;
    readonly entry: Entry;
    /** Name of the message, or of the entry, in every cluster. */
    readonly messageId: string;
    readonly body: Bodies[Kind];
  };
}[K];

/** Seals what people wrote before a store gets it, and opens it for those who may read it. */
export class Texts {
  readonly #sealer: Sealer;

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  /**
   * The body with its texts sealed for this entry. Rejects with a `ChatError` GONE where the session was
   * erased, also if there is nothing to seal: nothing is said in it any more.
   */
  async seal<K extends EntryKind>(of: Named, kind: K, body: Bodies[K]): Promise<Bodies[K]> {
    await this.#sealer.admits(of).catch(refuse);
    return eachText(kind, body, (text, field) => this.#sealer.seal(text, placeOf(of, field)));
  }

  /** Rejects with a `ChatError` where a text cannot be opened: nothing is ever shown in its place. */
  async open(entry: Entry): Promise<Said> {
    const { kind } = entry;
    const body = bodyOf(entry);
    const messageId = messageIdOf(entry);
    const open = (text: string, field: string) =>
      this.#sealer.open(text, placeOf(entry, field)).catch(refuse);
    return { kind, entry, messageId, body: await eachText(kind, body, open) } as Said;
  }

  openAll(entries: readonly Entry[]): Promise<Said[]> {
    return Promise.all(entries.map((entry) => this.open(entry)));
  }

  /** Part of a message that is not an entry yet, as an answer that is being written. */
  sealPart(of: Part, field: string, text: string): Promise<string> {
    return this.#sealer.seal(text, partPlace(of, field)).catch(refuse);
  }

  openPart(of: Part, field: string, sealed: string): Promise<string> {
    return this.#sealer.open(sealed, partPlace(of, field)).catch(refuse);
  }

  /** The name that a session's row has. `messageId`: of the entry that it is sealed for. */
  openName(key: SessionKey, name: string, messageId: string): Promise<string> {
    return this.#sealer.open(name, { ...key, entry: messageId, field: "name" }).catch(refuse);
  }
}

interface Named extends SessionKey {
  readonly author: string;
  readonly clientMessageId: string;
}

interface Part extends SessionKey {
  readonly messageId: string;
}

function partPlace({ userId, sessionId, messageId: entry }: Part, field: string) {
  return { userId, sessionId, entry, field };
}

function placeOf(of: Named, field: string) {
  return { userId: of.userId, sessionId: of.sessionId, entry: messageIdOf(of), field };
}

/** Which fields of a body are people's words. */
async function eachText<K extends EntryKind>(
  kind: K,
  body: Bodies[K],
  change: (text: string, field: string) => Promise<string>,
): Promise<Bodies[K]> {
  switch (kind) {
    case "message": {
      const { content, file, ...others } = body as Bodies["message"];
      const changed = { ...others, content: await change(content, "content") };
      if (file?.name === undefined) return { ...changed, ...(file && { file }) } as Bodies[K];
      const name = await change(file.name, "file");
      return { ...changed, file: { ...file, name } } as Bodies[K];
    }
    case "edit": {
      const { content, ...others } = body as Bodies["edit"];
      return { ...others, content: await change(content, "content") } as Bodies[K];
    }
    case "named":
      return { name: await change((body as Bodies["named"]).name, "name") } as Bodies[K];
    default:
      return body;
  }
}

function refuse(cause: unknown): never {
  if (!(cause instanceof SealError)) throw cause;
  throw cause.reason === "destroyed"
    ? new ChatError("GONE", "this session was erased", { cause })
    : new ChatError("INTERNAL_ERROR", "what is stored cannot be read", { cause });
}
