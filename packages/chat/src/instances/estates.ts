import { ChatError } from "@warren/wire";
import type { Lease, Leases } from "../leases/ports.ts";
import { bodyOf } from "../log/body.ts";
import type { Entry, SessionKey } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";
import { messageIdOf } from "../log/view.ts";
import type { InstanceNote } from "./instance.ts";

/** Runs that are taken over at once. */
const BATCH = 50;
const PAGE = 500;

export interface EstatesOptions {
  leases: Leases;
  log: Pick<MessageLog, "tail">;
  /** Goes on with a run of one who is gone; nothing where another was faster. */
  adopt: (lease: Lease) => Promise<void>;
  /** Has a question answered, unless it is, or nobody is to answer it any more. */
  answer: (question: Entry) => Promise<void>;
  /** Something of an estate is nobody's to mend: the rest is gone on with. */
  failed: (cause: unknown) => void;
  events: EstatesEvents;
}

export interface EstatesEvents {
  /** Another instance is gone. */
  instanceLost(name: string): void;
  runsTaken(count: number): void;
  questionFound(): void;
}

/** What dead instances leave: answers that they wrote, and questions that nobody began to answer. */
export class Estates {
  readonly #options: EstatesOptions;

  constructor(options: EstatesOptions) {
    this.#options = options;
  }

  async inherit(name: string, { settled }: InstanceNote): Promise<void> {
    this.#options.events.instanceLost(name);
    await this.orphans(name);
    if (settled !== undefined) await this.#questions(settled);
  }

  /** Runs under the name of somebody who is no more. */
  async orphans(holder: string): Promise<void> {
    const { leases, adopt, events } = this.#options;
    for (let seen = new Set<string>(); ;) {
      const found = await leases.list("run", holder, BATCH);
      // One that could not be taken is somebody else's by now, or comes again with the next look.
      const left = found.filter(({ name }) => !seen.has(name));
      if (left.length === 0) return;
      seen = new Set([...seen, ...left.map(({ name }) => name)]);
      await Promise.all(left.map(adopt));
      events.runsTaken(left.length);
    }
  }

  async #questions(settled: string): Promise<void> {
    const { log, answer, failed, events } = this.#options;
    const open = new Map<string, Entry>();
    for (let cursor = settled; ;) {
      const tail = await log.tail(cursor, PAGE);
      for (const entry of tail.entries) note(open, entry);
      if (tail.entries.length < PAGE) break;
      ({ cursor } = tail);
    }
    for (const question of open.values()) {
      events.questionFound();
      await answer(question).catch(unlessAway(failed));
    }
  }
}

/** A store that is away ends it, to be begun again; what can never be done does not keep the rest back. */
function unlessAway(failed: (cause: unknown) => void): (reason: unknown) => void {
  return (reason) => {
    if (ChatError.from(reason).code === "DATABASE_ERROR") throw reason;
    failed(reason);
  };
}

/** The last question of each session that has no answer among the entries. */
function note(open: Map<string, Entry>, entry: Entry): void {
  if (entry.kind !== "message") return;
  const { sender, answer, isUnasked } = bodyOf<"message">({ kind: "message", body: entry.body });
  const key = keyOf(entry);
  if (sender === "user" && isUnasked !== true && !entry.isHeld) open.set(key, entry);
  const asked = open.get(key);
  if (asked !== undefined && answer?.replyTo === messageIdOf(asked)) open.delete(key);
}

function keyOf({ userId, sessionId }: SessionKey): string {
  return `${sessionId} ${userId}`;
}
