import { setTimeout as wait } from "node:timers/promises";
import { fieldOf, type ChatSocket } from "./chat-socket.ts";

const TICK_MS = 5;
const TEXT =
  "What people write to each other is about as long as this line is, now and then longer.";

/** People who write, each message at its own moment whatever became of the ones before. */
export class PacedTalk {
  readonly #people: readonly ChatSocket[];
  readonly #dueAt = new Map<string, number>();
  said = 0;

  constructor(people: readonly ChatSocket[]) {
    this.#people = people;
  }

  async write(rate: number, forMs: number): Promise<void> {
    const startedAt = performance.now();
    const before = this.said;
    for (;;) {
      const nowMs = performance.now() - startedAt;
      if (nowMs >= forMs) return;
      for (const due = before + (nowMs / 1_000) * rate; this.said < due; this.said += 1) {
        const client_message_id = `m-${this.said}`;
        // The moment it was due at: a load that comes late does not make the answer early.
        this.#dueAt.set(client_message_id, startedAt + ((this.said - before) / rate) * 1_000);
        const writer = this.#people[this.said % this.#people.length]!;
        writer.say({ type: "user_message", content: TEXT, client_message_id });
      }
      await wait(TICK_MS);
    }
  }

  /** How long after it was due a frame about it came, milliseconds; undefined: it is forgotten. */
  tookMs(text: string): number | undefined {
    const since = this.#dueAt.get(fieldOf(text, "client_message_id"));
    return since === undefined ? undefined : performance.now() - since;
  }

  /** What was said until now is no part of what is measured. */
  forget(): void {
    this.#dueAt.clear();
  }
}
