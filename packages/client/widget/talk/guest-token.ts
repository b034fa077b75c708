/** What is kept of a visitor between visits. */
interface Kept {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
}

export interface GuestTokenOptions {
  /** Of the chat, without a slash at the end. */
  url: string;
  /** Of the device; a browser may refuse it. */
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined;
  /** Epoch milliseconds. */
  wallClock: () => number;
  fetch: typeof fetch;
}

/** A token is renewed when it has less than this left. */
const RENEW_MS = 3_600_000;

/** Tokens of one visitor of this device, by `POST {url}/guest`: the same visitor as long as they come back in time. */
export class GuestToken {
  readonly #options: GuestTokenOptions;
  #kept: Kept | undefined;

  constructor(options: GuestTokenOptions) {
    this.#options = options;
    this.#kept = read(options.storage?.getItem(keyOf(options.url)));
  }

  /** True for one who was here before. */
  get isKnown(): boolean {
    return this.#kept !== undefined;
  }

  /** One that lasts; a new visitor's where there is none. Rejects where the service gives none. */
  async token(): Promise<string> {
    const kept = this.#kept;
    const leftMs = (kept?.expiresAtMs ?? 0) - this.#options.wallClock();
    if (kept !== undefined && leftMs > RENEW_MS) return kept.token;
    const fresh =
      (leftMs > 0 ? await this.#ask(kept?.token) : undefined) ?? (await this.#ask(undefined));
    if (fresh === undefined) throw new Error("the chat takes no visitors");
    this.#kept = fresh;
    this.#options.storage?.setItem(keyOf(this.#options.url), JSON.stringify(fresh));
    return fresh.token;
  }

  /** The service would not have it, or the visitor is somebody with a name now. */
  forget(): void {
    this.#kept = undefined;
    this.#options.storage?.removeItem(keyOf(this.#options.url));
  }

  /** Undefined: refused. `again`: the token that the visitor had. */
  async #ask(again: string | undefined): Promise<Kept | undefined> {
    const { url, fetch } = this.#options;
    const headers = again === undefined ? {} : { authorization: `Bearer ${again}` };
    const answer = await fetch(`${url}/guest`, { method: "POST", headers });
    if (answer.status >= 500 || answer.status === 429) throw new Error(`HTTP ${answer.status}`);
    if (!answer.ok) return undefined;
    const said = (await answer.json()) as { token?: unknown; expires_at?: unknown };
    if (typeof said.token !== "string" || typeof said.expires_at !== "string") return undefined;
    return { token: said.token, expiresAtMs: Date.parse(said.expires_at) };
  }
}

function keyOf(url: string): string {
  return `warren-chat guest ${url}`;
}

function read(text: string | null | undefined): Kept | undefined {
  try {
    const said = JSON.parse(text ?? "") as Partial<Kept> | null;
    const { token, expiresAtMs } = said ?? {};
    return typeof token === "string" && typeof expiresAtMs === "number"
      ? { token, expiresAtMs }
      : undefined;
  } catch {
    return undefined;
  }
}
