type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const PREFIX = "warren-chat draft ";
/** Of conversations without a name, by user. */
const UNNAMED = `${PREFIX}new `;

/**
 * What was written and not sent, by conversation, as long as the tab is there.
 *
 * A conversation without a name is the same draft however often the page is loaded, and each user's own: what is
 * written before it is known who writes is kept in memory, and becomes the draft of whom it turns out to be.
 */
export class Drafts {
  readonly #storage: Store | undefined;
  #user: string | undefined;
  #early = "";

  /** `storage`: undefined where the browser refuses one. */
  constructor(storage: Store | undefined) {
    this.#storage = storage;
  }

  /** Who writes; undefined while nobody knows. */
  get user(): string | undefined {
    return this.#user;
  }

  /** It is known who writes. Undefined: it is somebody else from now on. */
  setUser(user: string | undefined): void {
    if (user === this.#user) return;
    this.#user = user;
    const early = this.#early;
    this.#early = "";
    if (early !== "") this.set(NOBODY, early);
  }

  get(sessionId: string): string {
    const key = this.#keyOf(sessionId);
    return key === undefined ? this.#early : (this.#storage?.getItem(key) ?? "");
  }

  set(sessionId: string, text: string): void {
    const key = this.#keyOf(sessionId);
    if (key === undefined) {
      this.#early = text;
      return;
    }
    try {
      if (text === "") this.#storage?.removeItem(key);
      else this.#storage?.setItem(key, text);
    } catch {
      // The storage is full: the draft lives as long as the page.
    }
  }

  rename(from: string, to: string): void {
    const text = this.get(from);
    if (text === "" || this.#keyOf(from) === this.#keyOf(to)) return;
    this.set(from, "");
    this.set(to, text);
  }

  #keyOf(sessionId: string): string | undefined {
    if (!isUnnamed(sessionId)) return PREFIX + sessionId;
    return this.#user === undefined ? undefined : UNNAMED + this.#user;
  }
}

/** Id of no session: the draft of whoever has not begun one. */
const NOBODY = "new-";

/** The service has not given it an id. */
export function isUnnamed(sessionId: string): boolean {
  return sessionId.startsWith(NOBODY);
}

/** For a sign-out: forgets what was written in this tab in conversations that have not begun. */
export function forgetDrafts(storage: Storage | undefined): void {
  for (const key of Object.keys(storage ?? {})) {
    if (key.startsWith(UNNAMED)) storage?.removeItem(key);
  }
}
