import type { Readable } from "node:stream";
import { ChatError } from "@warren/wire";
import type { Viewer } from "../sessions/viewer.ts";
import { notThere, type FileLinks } from "./file-links.ts";
import { frameFile, type FrameFile } from "./frame-file.ts";
import type {
  DirectFiles,
  DirectUpload,
  FileKind,
  Files,
  FileUpkeep,
  StoredFile,
} from "./ports.ts";
import type { Quota } from "./quota.ts";
import { answerFor, type FileAnswer, type FileRequest } from "./serving.ts";
import type { Uploads } from "./uploads.ts";

export interface FileDeskOptions {
  files: Files & FileUpkeep;
  uploads: Uploads;
  quota: Quota;
  links: FileLinks;
  mostBytes: number;
  /** Undefined: everything goes through this process. */
  direct: DirectFiles | undefined;
  allowForeign: boolean;
  /** Whether what a link was made for is still there: a session, a share. */
  stands: (scope: string) => Promise<boolean>;
}

/** A body as it comes in, with what its sender says of it. */
export interface Incoming {
  /** Undefined: the body is the file itself. */
  readonly contentType: string | undefined;
  readonly name: string;
  readonly kind: FileKind;
  readonly declaredBytes: number | undefined;
  readonly source: AsyncIterable<Uint8Array>;
}

/** What is asked of a file, besides the link. */
export type FileQuestion = Omit<FileRequest, "disposition" | "validForMs">;

export type Served =
  | { readonly kind: "elsewhere"; readonly url: string }
  | { readonly kind: "here"; readonly answer: FileAnswer; readonly body: Readable | undefined };

/** How long a browser has to upload to the store by itself, and to follow us to it. */
const DIRECT_UPLOAD_MS = 3_600_000;
const DIRECT_DOWNLOAD_MS = 300_000;

/** Files as HTTP and frames know them: uploaded, sent, shown, listed and removed by who may. */
export class FileDesk {
  readonly #options: FileDeskOptions;

  constructor(options: FileDeskOptions) {
    this.#options = options;
  }

  /** As `Uploads.drain`. */
  drain(withinMs: number): Promise<boolean> {
    return this.#options.uploads.drain(withinMs);
  }

  /** Rejects with a ChatError; then nothing is stored. */
  async upload(viewer: Viewer, incoming: Incoming, signal: AbortSignal) {
    const { uploads } = this.#options;
    const { contentType, name, kind, declaredBytes, source } = incoming;
    const request = { owner: ownerOf(viewer), declaredBytes, source };
    const file = await (contentType === undefined
      ? uploads.receive({ ...request, name, kind }, signal)
      : uploads.receiveForm(request, contentType, signal));
    return this.#told(file);
  }

  /** Where a browser may upload by itself. */
  async offer(viewer: Viewer, bytes: number): Promise<DirectUpload> {
    const { direct, mostBytes } = this.#options;
    if (direct === undefined) throw throughUs();
    if (bytes > mostBytes) {
      throw new ChatError("INVALID_FILE_SIZE", `a file may have ${mostBytes} bytes at most`);
    }
    return direct.offer(ownerOf(viewer), bytes, DIRECT_UPLOAD_MS);
  }

  /** Makes a file of what came by an offer. */
  async complete(
    viewer: Viewer,
    claim: { id: string; name: string; kind: FileKind },
    signal: AbortSignal,
  ) {
    if (this.#options.direct === undefined) throw throughUs();
    const { uploads } = this.#options;
    return this.#told(await uploads.adopt({ ...claim, owner: ownerOf(viewer) }, signal));
  }

  /** What a frame points to, of its sender's own. */
  forFrame(
    viewer: Viewer,
    frame: { type: FileKind; fileId: string; fileUrl: string },
  ): Promise<FrameFile> {
    const { files, allowForeign } = this.#options;
    return frameFile({ ...frame, owner: ownerOf(viewer) }, files, { allowForeign });
  }

  /** A file by its link. */
  async serve(
    id: string,
    { query, question }: { query: URLSearchParams; question: FileQuestion },
    signal: AbortSignal,
  ): Promise<Served> {
    const { links, files, direct } = this.#options;
    const link = links.read(id, query);
    const file = await this.#standing(id, link.scope);
    const { disposition, expires } = link;
    // A picture is shown from here, under headers of ours; what is saved may come from the store.
    if (direct !== undefined && disposition === "attachment") {
      return { kind: "elsewhere", url: await direct.link(file, disposition, DIRECT_DOWNLOAD_MS) };
    }
    const validForMs = expires * 1_000 - links.nowMs;
    const answer = answerFor(file, { ...question, disposition, validForMs });
    if (answer.body === undefined) return { kind: "here", answer, body: undefined };
    const body = await files.get(id, answer.body, signal);
    if (body === undefined) throw notThere();
    return { kind: "here", answer, body };
  }

  /** A fresh link for an old one. `maySee`: whether the asker may see the session. */
  async renew(
    id: string,
    query: URLSearchParams,
    maySee: (scope: string) => Promise<boolean>,
  ): Promise<{ file_url: string; expires_at: string }> {
    const { links } = this.#options;
    const { scope } = links.readOld(id, query);
    if (!(await maySee(scope))) throw notThere();
    const file = await this.#standing(id, scope);
    return { file_url: links.url(file, scope), expires_at: links.end };
  }

  /** All of one's own, in pieces: there may be many. */
  async *list(viewer: Viewer) {
    for await (const file of this.#options.files.ofOwner(ownerOf(viewer))) yield this.#told(file);
  }

  async remove(viewer: Viewer, id: string): Promise<void> {
    const { files, quota } = this.#options;
    const file = await files.head(id);
    const isTheirs = viewer.isAdmin || file?.owner === ownerOf(viewer);
    if (file === undefined || !isTheirs || !(await files.remove(id))) throw notThere();
    quota.recount(file.owner);
  }

  async #standing(id: string, scope: string): Promise<StoredFile> {
    const { files, stands } = this.#options;
    const file = await files.head(id);
    const isOwners = file !== undefined && file.owner === scope;
    if (file === undefined || !(isOwners || (await stands(scope)))) throw notThere();
    return file;
  }

  #told(file: StoredFile) {
    const { links } = this.#options;
    const { id, name, type, kind, bytes, storedAtMs } = file;
    return {
      file_id: id,
      file_url: links.url(file, file.owner),
      expires_at: links.end,
      name,
      content_type: type,
      kind,
      bytes,
      stored_at: new Date(storedAtMs).toISOString(),
    };
  }
}

/** In whose name a user's files are. */
export function ownerOf({ userId }: Pick<Viewer, "userId">): string {
  return `user:${userId}`;
}

function throughUs(): ChatError {
  return new ChatError("NOT_FOUND", "files are uploaded to this service itself: POST them");
}
