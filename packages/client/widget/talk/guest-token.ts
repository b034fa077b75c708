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
  storage: Pick<Storage, "getItem" | "setItem"> | undefined;
  /** Epoch milliseconds. */
  wallClock: () => number;
  fetch: typeof fetch;
}

/** A token is renewed when it has less than this left. */
const RENEW_MS = 3_600_000;

/**
 * Tokens of one visitor of this device, by `POST {url}/guest`: the same visitor as long as they come back in time and
 * the service knows them.
 */
export class GuestToken {
  readonly #options: GuestTokenOptions;
  #kept: Kept | undefined;
  #isDoubted = false;

  constructor(options: GuestTokenOptions) {
    this.#options = options;
    this.#kept = read(options.storage?.getItem(keyOf(options.url)));
  }

  /** True for one who was here before. */
  get isKnown(): boolean {
    return this.#kept !== undefined;
  }

  /** A connection failed, and browsers do not say why: perhaps the token is not taken any more. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** One that lasts; a new visitor's where there is none. Rejects where the service gives none. */
  async token(): Promise<string> {
    const kept = this.#kept;
    const leftMs = (kept?.expiresAtMs ?? 0) - this.#options.wallClock();
    if (kept === undefined || leftMs <= 0) return this.#keep(await this.#ask(undefined));
    if (leftMs > RENEW_MS && !this.#isDoubted) return kept.token;
    const renewed = await this.#ask(kept.token);
    if (renewed === "refused") return this.#keep(await this.#ask(undefined));
    return renewed === "away" ? kept.token : this.#keep(renewed);
  }

  #keep(given: Asked): string {
    if (given === "away") throw new Error("the chat did not answer");
    if (given === "refused") throw new Error("the chat takes no visitors");
    this.#isDoubted = false;
    this.#kept = given;
    try {
      this.#options.storage?.setItem(keyOf(this.#options.url), JSON.stringify(given));
    } catch {
      // The storage is full: the visitor is known as long as the page is there.
    }
    return given.token;
  }

  /** `again`: the token that the visitor had. */
  async #ask(again: string | undefined): Promise<Asked> {
    const { url, fetch } = this.#options;
    const headers = again === undefined ? {} : { authorization: `Bearer ${again}` };
    // Without an answer: the network is away, and it is asked again.
    const answer = await fetch(`${url}/guest`, { method: "POST", headers }).catch(() => undefined);
    if (answer === undefined || answer.status >= 500 || answer.status === 429) return "away";
    if (!answer.ok) return "refused";
    const said = (await answer.json()) as { token?: unknown; expires_at?: unknown };
    if (typeof said.token !== "string" || typeof said.expires_at !== "string") return "away";
    return { token: said.token, expiresAtMs: Date.parse(said.expires_at) };
  }
}

/** `away`: another time perhaps. */
type Asked = Kept | "refused" | "away";

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
