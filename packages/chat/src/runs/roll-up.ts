import type { Clock } from "@warren/host";

export interface RollUpOptions {
  clock: Clock;
  /** Longest time that text waits. */
  everyMs: number;
  /** Text that came since the last call. */
  flush: (text: string) => void;
}

/**
 * Joins the crumbs in which a model writes: the first goes at once, then what came within `everyMs` goes
 * together. A frame per token costs each viewer a system call per token.
 */
export class RollUp implements Disposable {
  readonly #options: RollUpOptions;
  #text = "";
  #forget: (() => void) | undefined;

  constructor(options: RollUpOptions) {
    this.#options = options;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#forget === undefined) this.#open();
  }

  /** Hands over what waits, now. */
  flush(): void {
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#options.flush(text);
  }

  [Symbol.dispose](): void {
    this.#forget?.();
    this.#forget = undefined;
    this.flush();
  }

  /** Tells what there is and keeps the window closed until the next may go. */
  #open(): void {
    this.flush();
    this.#forget = this.#options.clock.after(this.#options.everyMs, () => {
      this.#forget = undefined;
      if (this.#text !== "") this.#open();
    });
  }
}
