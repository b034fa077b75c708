import { Alarm, type Clock } from "../clock.ts";
import { backoffMs } from "../line/backoff.ts";
import { holderOf } from "../line/token-claims.ts";
import type { ClientStorage } from "../storage/storage.ts";
import { askToJoin, moveOutbox, type AskOptions, type Joined } from "./joining.ts";
import type { Visitors } from "./visitors.ts";

export interface BecomingOptions extends Omit<AskOptions, "token" | "signal"> {
  /** Of the user. */
  token: () => Promise<string>;
  visitors: Visitors;
  /** What is kept of a visitor, by their account. */
  storageOf: (account: string) => ClientStorage;
  /** Of the user. */
  storage: ClientStorage;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
}

/** The service may take this long: nobody is kept from the chat for longer. */
const ANSWER_MS = 5_000;

/**
 * Makes the visitor of this device the user who signed in, again and again until it is done.
 *
 * 1. The visitor leaves at once, for that user alone: whoever comes next is somebody else.
 * 2. The service is asked first. What was not sent follows once the service has said who the user is: until then
 *    what is kept here may be another's.
 * 3. The visitor is forgotten last. Every step may be done again, also by several tabs at once.
 */
export class Becoming {
  readonly #options: BecomingOptions;
  readonly #again: Alarm;
  readonly #joined = new Map<string, Joined>();
  #into: string | undefined;
  #failures = 0;
  #isStopped = false;

  constructor(options: BecomingOptions) {
    this.#options = options;
    this.#again = new Alarm(options.clock);
  }

  /** Resolves once the service was asked; never rejects. `joined`: it has answered, then or later. */
  async start(joined: () => void): Promise<void> {
    this.#isStopped = false;
    const { clock, random } = this.#options;
    const asking = new AbortController();
    const forget = clock.after(ANSWER_MS, () => asking.abort());
    const isDone = await this.#ask(asking.signal).catch(() => false);
    forget();
    if (this.#joined.size > 0) joined();
    if (isDone || this.#isStopped) return;
    this.#again.set(backoffMs(this.#failures, random), () => void this.start(joined));
    this.#failures += 1;
  }

  stop(): void {
    this.#isStopped = true;
    this.#again.clear();
  }

  /** The user is there. Resolves with the session that the visitor was in; undefined where nobody has joined. */
  async land(userId: string | undefined): Promise<{ sessionId: string | undefined } | undefined> {
    const { visitors, storageOf, storage } = this.#options;
    let landed: { sessionId: string | undefined } | undefined;
    for (const visitor of visitors.leavingFor(this.#into ?? "")) {
      const joined = this.#joined.get(visitor.account);
      // (2)
      if (joined === undefined || (joined.userId ?? userId) !== userId) continue;
      this.#joined.delete(visitor.account);
      const theirs = storageOf(visitor.account);
      const unsent = await moveOutbox(theirs, storage, joined);
      await theirs.clear();
      visitors.gone(visitor);
      landed = { sessionId: landed?.sessionId ?? joined.sessions[0]?.session_id ?? unsent };
    }
    return landed;
  }

  /** True where nobody is left to ask for. */
  async #ask(signal: AbortSignal): Promise<boolean> {
    const { visitors } = this.#options;
    if (visitors.isEmpty) return true;
    const token = await within(this.#options.token(), signal);
    const into = holderOf(token);
    if (isOwn(visitors.now?.token, token)) return true;
    this.#into = into;
    visitors.leave(into);
    for (const visitor of visitors.leavingFor(into)) {
      const joined = await askToJoin(visitor, { ...this.#options, token, signal });
      if (joined === undefined) return false;
      this.#joined.set(visitor.account, joined);
    }
    return true;
  }
}

/** A page that asks for visitors' tokens by itself: nobody signed in. */
function isOwn(visitor: string | undefined, token: string): boolean {
  if (visitor === undefined) return false;
  return visitor === token || (holderOf(visitor) !== "" && holderOf(visitor) === holderOf(token));
}

/** Whoever is asked may never answer. */
function within<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    asked.then(resolve, reject);
  });
}
