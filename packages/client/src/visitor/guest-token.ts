import type { Visitors } from "./visitors.ts";

export interface GuestTokenOptions {
  /** Of the chat, without a slash at the end. */
  url: string;
  visitors: Visitors;
  /** Epoch milliseconds. */
  wallClock: () => number;
  fetch: typeof fetch;
}

/** A token is renewed when it has less than this left. */
const RENEW_MS = 3_600_000;

/**
 * Tokens of the visitor of this device, by `POST {url}/guest`: the same visitor as long as they come back in time,
 * the service knows them and they do not sign in.
 */
export class GuestToken {
  readonly #options: GuestTokenOptions;
  #isDoubted = false;

  constructor(options: GuestTokenOptions) {
    this.#options = options;
  }

  /** A connection failed, and browsers do not say why: perhaps the token is not taken any more. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** One that lasts; a new visitor's where there is none. Rejects where the service gives none. */
  async token(): Promise<string> {
    const { visitors, wallClock } = this.#options;
    const { token, expiresAtMs = 0 } = visitors.now ?? {};
    const leftMs = expiresAtMs - wallClock();
    if (token === undefined) return this.#keep(await this.#ask(undefined));
    if (leftMs > RENEW_MS && !this.#isDoubted) return token;
    // Also one that has ended by the clock of this device, which may be wrong: the service knows.
    const renewed = await this.#ask(token);
    if (renewed === "refused") return this.#keep(await this.#ask(undefined));
    return renewed === "away" && leftMs > 0 ? token : this.#keep(renewed);
  }

  #keep(given: Asked): string {
    if (given === "away") throw new Error("the chat did not answer");
    if (given === "refused") throw new Error("the chat takes no visitors");
    this.#isDoubted = false;
    this.#options.visitors.keep(given);
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
type Asked = { readonly token: string; readonly expiresAtMs: number } | "refused" | "away";
