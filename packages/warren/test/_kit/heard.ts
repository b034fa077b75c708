/** What a stream has said so far, and ways to wait for more. */
export class Heard {
  text = "";
  /** How it ended; undefined before. */
  outcome: "whole" | "broken" | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(stream: NodeJS.ReadableStream) {
    stream.on("data", (chunk: Buffer) => {
      this.text += chunk.toString();
      this.#look();
    });
    stream.on("end", () => this.#over("whole"));
    stream.on("error", () => this.#over("broken"));
    stream.on("close", () => this.#over("broken"));
  }

  /** Resolves when `text` has come behind all that was waited for before. */
  async next(text: string): Promise<void> {
    const expected = this.#taken + text;
    await this.#until(() => this.text.length >= expected.length);
    if (this.text !== expected) throw new Error(`"${this.text}" is not "${expected}"`);
    this.#taken = expected;
  }
  #taken = "";

  async over(): Promise<"whole" | "broken"> {
    await this.#until(() => this.outcome !== undefined);
    return this.outcome!;
  }

  #over(outcome: "whole" | "broken"): void {
    this.outcome ??= outcome;
    this.#look();
  }

  #until(seen: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!seen()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}
