import { ChatError } from "@warren/wire";
import type { Said } from "../log/said.ts";
import type { MasterKeys } from "../keys/master-keys.ts";
import { mayBeInline } from "./file-types.ts";
import { signLink, verifyLink, type FileLink } from "./links.ts";

export interface FileLinksOptions {
  masters: MasterKeys;
  /** Where files are served: `/chat/files`. */
  base: string;
  lifeMs: number;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** What a stored message says instead of an address, where its file is one of ours. */
export const HERE = "";

/**
 * Addresses of files, each signed for whom it was made and until when. Every instance that has the master
 * key knows them; after a rotation the former key's go on to be known.
 */
export class FileLinks {
  readonly #options: FileLinksOptions;

  constructor(options: FileLinksOptions) {
    this.#options = options;
  }

  /** A path on this service. What may be shown is; all else is saved. */
  url(file: { id: string; type: string }, scope: string): string {
    const { masters, base, lifeMs, wallClock } = this.#options;
    const expires = Math.floor((wallClock() + lifeMs) / 1_000);
    const disposition = mayBeInline(file.type) ? "inline" : "attachment";
    const link: FileLink = { id: file.id, scope, expires, disposition };
    return `${base}/${file.id}${signLink(link, masters.current.links)}`;
  }

  /** Epoch milliseconds. */
  get nowMs(): number {
    return this.#options.wallClock();
  }

  /** RFC 3339: when a link that is made now ends. */
  get end(): string {
    const { wallClock, lifeMs } = this.#options;
    return new Date(wallClock() + lifeMs).toISOString();
  }

  /** What the link of a request allows. Throws a ChatError: GONE for one that was good, else NOT_FOUND. */
  read(id: string, query: URLSearchParams): FileLink {
    const link = this.#verified(id, query, this.#options.wallClock());
    if (link === "expired") throw new ChatError("GONE", "this link has expired: ask for a new one");
    return link;
  }

  /** The same, however old it is: whoever asks must be somebody who may have a new one. */
  readOld(id: string, query: URLSearchParams): FileLink {
    const link = this.#verified(id, query, 0);
    if (link === "expired") throw notThere();
    return link;
  }

  /** A message with the address of its file, for whoever may read the session. */
  linked(said: Said): Said {
    if (said.kind !== "message" || said.body.file?.url !== HERE) return said;
    const { file } = said.body;
    const { fileId: id, contentType: type = "" } = file;
    const url = this.url({ id, type }, `session:${said.entry.sessionId}`);
    return { ...said, body: { ...said.body, file: { ...file, url } } };
  }

  #verified(id: string, query: URLSearchParams, wallMs: number): FileLink | "expired" {
    const keys = this.#options.masters.all.map(({ links }) => links);
    const link = verifyLink(id, query, { keys, wallMs });
    if (link === "forged" || link === "malformed") throw notThere();
    return link;
  }
}

/** Whether there is a file is nobody's to learn without a link. */
export function notThere(): ChatError {
  return new ChatError("NOT_FOUND", "there is no such file");
}
