import type { SessionKey } from "../log/entry.ts";
import type { FanOut, FanOutEvents, Heard, Hint } from "./fan-out.ts";
import { hintText, readHint } from "./hint-text.ts";
import { once } from "./once.ts";

/** Instances that live in one process: one, where it is alone, and several in tests. */
export class MemoryFanOuts {
  readonly #all = new Set<Member>();

  open(heard: Heard, events: FanOutEvents): FanOut {
    const member = new Member(heard, { all: this.#all, events });
    this.#all.add(member);
    return member;
  }
}

class Member implements FanOut {
  readonly isOn = true;
  readonly #heard: Heard;
  readonly #among: { all: Set<Member>; events: FanOutEvents };
  readonly #followed = new Map<string, number>();

  constructor(heard: Heard, among: { all: Set<Member>; events: FanOutEvents }) {
    this.#heard = heard;
    this.#among = among;
  }

  tell(key: SessionKey, hint: Hint): void {
    const { all, events } = this.#among;
    if (all.size === 1) return;
    const text = hintText(key, hint);
    for (const other of all) if (other !== this) other.#hear(text, key.sessionId);
    events.hintsSent(1);
  }

  follow(sessionId: string) {
    this.#followed.set(sessionId, (this.#followed.get(sessionId) ?? 0) + 1);
    const leave = () => {
      const left = (this.#followed.get(sessionId) ?? 1) - 1;
      if (left === 0) this.#followed.delete(sessionId);
      else this.#followed.set(sessionId, left);
    };
    return { ready: Promise.resolve(), leave: once(leave) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#among.all.delete(this);
    this.#followed.clear();
  }

  #hear(text: string, sessionId: string): void {
    queueMicrotask(() => {
      if (!this.#followed.has(sessionId)) return;
      const said = readHint(text);
      if (said === undefined) return;
      this.#among.events.hintsHeard(1);
      this.#heard(said.key, said.hint);
    });
  }
}
