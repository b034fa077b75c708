/** What was written and not sent, by conversation, as long as the tab is there. */
export class Drafts {
  readonly #storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined;

  /** `storage`: undefined where the browser refuses one. */
  constructor(storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined) {
    this.#storage = storage;
  }

  get(sessionId: string): string {
    return this.#storage?.getItem(keyOf(sessionId)) ?? "";
  }

  set(sessionId: string, text: string): void {
    try {
      if (text === "") this.#storage?.removeItem(keyOf(sessionId));
      else this.#storage?.setItem(keyOf(sessionId), text);
    } catch {
      // The storage is full: the draft lives as long as the page.
    }
  }

  rename(from: string, to: string): void {
    const text = this.get(from);
    if (text === "") return;
    this.set(from, "");
    this.set(to, text);
  }
}

/** A session without a name is the same draft however often the page is loaded. */
function keyOf(sessionId: string): string {
  return `warren-chat draft ${sessionId.startsWith("new-") ? "new" : sessionId}`;
}
