import { Waiting } from "@warren/host/testing";

/** What a stream has said so far, and ways to wait for more. */
export class Heard {
  text = "";
  /** How it ended; undefined before. */
  outcome: "whole" | "broken" | undefined;
  readonly #waiting = new Waiting();

  constructor(stream: NodeJS.ReadableStream) {
    stream.on("data", (chunk: Buffer) => {
      this.text += chunk.toString();
      this.#waiting.look();
    });
    stream.on("end", () => this.#over("whole"));
    stream.on("error", () => this.#over("broken"));
    stream.on("close", () => this.#over("broken"));
  }

  /** Resolves when `text` has come behind all that was waited for before. */
  async next(text: string): Promise<void> {
    const expected = this.#taken + text;
    await this.#waiting.until(() => this.text.length >= expected.length);
    if (this.text !== expected) throw new Error(`"${this.text}" is not "${expected}"`);
    this.#taken = expected;
  }
  #taken = "";

  over(): Promise<"whole" | "broken"> {
    return this.#waiting.until(() => this.outcome);
  }

  #over(outcome: "whole" | "broken"): void {
    this.outcome ??= outcome;
    this.#waiting.look();
  }
}
