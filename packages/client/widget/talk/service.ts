import type { SentFile } from "../../src/index.ts";

export interface ServiceOptions {
  /** Of the chat, without a slash at the end. */
  url: string;
  token: () => Promise<string>;
}

export interface UploadOptions {
  kind: "file" | "voice";
  /** From 0 to 1, of the bytes that went. */
  progressed: (share: number) => void;
  signal: AbortSignal;
}

/** The service said no, or could not be asked. `message` is the service's own, for people. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  /** 0: there was no answer. */
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
  /** The same may go well another time. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** What the chat does over HTTP. Everything rejects with a `RequestError`. */
export class Service {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  end(sessionId: string): Promise<unknown> {
    return this.#post(`/sessions/${encodeURIComponent(sessionId)}/end`);
  }
  takeOver(sessionId: string): Promise<unknown> {
    return this.#post(`/admin/takeover/${encodeURIComponent(sessionId)}`);
  }
  handBack(sessionId: string): Promise<unknown> {
    return this.#post(`/admin/leave/${encodeURIComponent(sessionId)}`);
  }

  /** Where a file is: the service names its own by their path. */
  address(fileUrl: string): string {
    return new URL(fileUrl, `${this.#options.url}/`).href;
  }

  /** True for a link of the service's that is good no more. */
  isExpired(fileUrl: string, nowMs: number): boolean {
    const link = new URL(this.address(fileUrl));
    const expiresMs = Number(link.searchParams.get("e") ?? Infinity) * 1000;
    return expiresMs <= nowMs && this.#isOwn(link);
  }

  /** A new link to a file; the same for one that is none of the service's: nobody else is shown a token. */
  async freshLink(fileUrl: string): Promise<string> {
    const { url } = this.#options;
    const link = new URL(this.address(fileUrl));
    if (!this.#isOwn(link)) return link.href;
    link.pathname += "/link";
    const { file_url: fresh } = await this.#post(link.href.slice(url.length));
    return typeof fresh === "string" ? this.address(fresh) : link.href;
  }

  /** By XMLHttpRequest: `fetch` does not say how far an upload is. */
  async upload(file: File, { kind, progressed, signal }: UploadOptions): Promise<SentFile> {
    const { url, token } = this.#options;
    const form = new FormData();
    // Before the file: what follows it is not read.
    form.set("kind", kind);
    form.set("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", `${url}/upload`);
    request.setRequestHeader("authorization", `Bearer ${await token()}`);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) =>
      progressed(total > 0 ? loaded / total : 0),
    );
    signal.throwIfAborted();
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const said = await settled(request, form);
    const { file_id: fileId, file_url: fileUrl } = said as Record<string, unknown>;
    if (typeof fileId !== "string" || typeof fileUrl !== "string") throw new RequestError(0, "");
    const { name, type: contentType, size: bytes } = file;
    return { fileId, fileUrl, isVoice: kind === "voice", name, contentType, bytes };
  }

  #isOwn({ href }: URL): boolean {
    return href.startsWith(`${this.#options.url}/files/`);
  }

  async #post(path: string): Promise<Record<string, unknown>> {
    const { url, token } = this.#options;
    const authorization = `Bearer ${await token()}`;
    const answer = await fetch(url + path, { method: "POST", headers: { authorization } }).catch(
      () => undefined,
    );
    const said: unknown = await answer?.json().catch(() => undefined);
    if (answer?.ok !== true) throw new RequestError(answer?.status ?? 0, messageOf(said));
    return (said ?? {}) as Record<string, unknown>;
  }
}

function settled(request: XMLHttpRequest, form: FormData): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = () => reject(new RequestError(request.status, messageOf(request.response)));
    request.addEventListener("load", () => {
      if (request.status < 300 && request.response !== null) resolve(request.response);
      else failed();
    });
    request.addEventListener("error", failed);
    request.addEventListener("abort", failed);
    request.send(form);
  });
}

function messageOf(said: unknown): string {
  const { message } = (said ?? {}) as Record<string, unknown>;
  return typeof message === "string" ? message : "";
}
