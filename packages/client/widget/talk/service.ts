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
}

/** What the chat does over HTTP. Everything rejects with a `RequestError`. */
export class Service {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  end(sessionId: string): Promise<void> {
    return this.#post(`/sessions/${encodeURIComponent(sessionId)}/end`);
  }
  takeOver(sessionId: string): Promise<void> {
    return this.#post(`/admin/takeover/${encodeURIComponent(sessionId)}`);
  }
  handBack(sessionId: string): Promise<void> {
    return this.#post(`/admin/leave/${encodeURIComponent(sessionId)}`);
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
    return { fileId, fileUrl, isVoice: kind === "voice" };
  }

  async #post(path: string): Promise<void> {
    const { url, token } = this.#options;
    const authorization = `Bearer ${await token()}`;
    const answer = await fetch(url + path, { method: "POST", headers: { authorization } }).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    const said: unknown = await answer?.json().catch(() => undefined);
    throw new RequestError(answer?.status ?? 0, messageOf(said));
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
