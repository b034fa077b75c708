import type { MessagingMessage, MessagingServerFrame } from "@warren/wire";
import type { Passing } from "../../live/room.ts";
import { wallMsOf } from "../../log/hybrid-time.ts";
import type { Said } from "../../log/said.ts";
import { merged, NO_VERSIONS, type Versions } from "../../log/versions.ts";
import type { Spoken } from "../../sessions/conversation.ts";
import type { Presenter } from "../presenter.ts";
import { isHidden } from "../wire-entry-of.ts";
import { AgentProgress } from "./agent-progress.ts";
import { changeFrame } from "./change-frame.ts";
import { currentOf, messageOf, messagesFrame, personOf, placeholderOf } from "./messaging-words.ts";
import { Receipts, type Thread } from "./thread.ts";

/** Undefined: the dialect has no word for it. */
type Payload = MessagingMessage | undefined;
type Receipt = Extract<Said, { kind: "receipt" }>;

export interface MessagingPresenterOptions {
  isAdmin: boolean;
  /** `user:alice`: receipts for what they said are told. */
  person: string;
  threadOf: (sessionId: string) => Thread | undefined;
}

/**
 * Sessions in the words of the messaging dialect. Every entry has a number there: those for which there is no
 * word are told as empty ones before the next message, so that a client that looks for gaps finds none; so are
 * changes of messages, for clients that do not know the frames that tell of them at once.
 */
export class MessagingPresenter implements Presenter {
  readonly #options: MessagingPresenterOptions;
  readonly #receipts = new Map<string, Receipts>();
  readonly #progress = new AgentProgress();

  constructor(options: MessagingPresenterOptions) {
    this.#options = options;
  }

  said(said: Said, isOwn: boolean): readonly string[] {
    const thread = this.#options.threadOf(said.entry.sessionId);
    if (thread === undefined) return [];
    const { origin, number } = said.entry;
    thread.heardOf({ [origin]: number });
    const payload = messageOf(said, thread, this.#options.isAdmin);
    return this.#frames(thread, { said, payload, isOwn }).map((frame) => JSON.stringify(frame));
  }

  /** The same of a page that was read, with messages as they stand now. */
  read(
    thread: Thread,
    said: Said,
    spoken: ReadonlyMap<string, Spoken>,
  ): readonly MessagingServerFrame[] {
    const payload = currentOf(said, thread, { isAdmin: this.#options.isAdmin, spoken });
    return this.#frames(thread, { said, payload, isOwn: false });
  }

  passing(sessionId: string, passing: Passing): readonly string[] {
    const thread = this.#options.threadOf(sessionId);
    if (thread === undefined) return [];
    const frames: MessagingServerFrame[] = [];
    const typing = typingOf(passing, thread);
    const { conversationId: conversation_id } = thread;
    if (typing !== undefined) frames.push({ type: "typing", conversation_id, ...typing });
    if (passing.kind === "run" && passing.event.type !== "start") {
      const progress = this.#progress.of(thread, passing.event);
      if (progress !== undefined) frames.push(progress);
    }
    return frames.map((frame) => JSON.stringify(frame));
  }

  #frames(
    thread: Thread,
    { said, payload, isOwn }: { said: Said; payload: Payload; isOwn: boolean },
  ): MessagingServerFrame[] {
    if (payload === undefined) {
      thread.skip(said);
      return said.kind === "receipt"
        ? this.#receipt(thread, said)
        : this.#noMessage(thread, said, isOwn);
    }
    thread.know(said);
    const skipped = thread.takeSkipped();
    const frames: MessagingServerFrame[] = [];
    if (skipped.length > 0) {
      const empty = skipped.map((one) => placeholderOf(one, thread));
      frames.push(messagesFrame(thread, empty));
    }
    // Whoever sent it has drawn it already, and gets its number with the acknowledgement.
    if (!isOwn) frames.push({ type: "message", payload });
    return frames;
  }

  #noMessage(thread: Thread, said: Said, isOwn: boolean): MessagingServerFrame[] {
    if (isOwn || isHidden(said, this.#options.isAdmin)) return [];
    const change = changeFrame(said, thread);
    return change === undefined ? brokenOff(said, thread) : [change];
  }

  /** Told to who said what it is about, of the messages that this socket knows. */
  #receipt(thread: Thread, { entry, body }: Receipt): MessagingServerFrame[] {
    const { person } = this.#options;
    const mine = [`user:${person}`, `admin:${person}`];
    if (mine.includes(entry.author)) return [];
    const timestamp = wallMsOf(entry.hlc);
    const reader = personOf(entry.author);
    const read = body.read ?? NO_VERSIONS;
    const delivered = merged(body.delivered ?? NO_VERSIONS, read);
    const idsOf = (kind: "delivered" | "read", now: Versions) => {
      const before = this.#receiptsOf(thread).before(kind, entry.author, now);
      return mine.flatMap((author) => thread.saidBy(author, now, before));
    };
    const [got, seen] = [idsOf("delivered", delivered), idsOf("read", read)];
    const frames: MessagingServerFrame[] = [];
    const last = got.at(-1);
    if (last !== undefined) {
      const about = { message_id: last, message_ids: got, delivered_to: reader };
      frames.push({ type: "delivery_ack", ...about, timestamp });
    }
    if (seen.length > 0) {
      const payload = { message_ids: seen, read_by: reader, timestamp };
      frames.push({ type: "read_receipt", payload });
    }
    return frames;
  }

  #receiptsOf({ key }: Thread): Receipts {
    const known = this.#receipts.get(key.sessionId) ?? new Receipts();
    this.#receipts.set(key.sessionId, known);
    return known;
  }
}

/** An answer of which nothing came. */
function brokenOff(said: Said, { conversationId }: Thread): MessagingServerFrame[] {
  if (said.kind !== "message" || said.body.answer?.status !== "interrupted") return [];
  const code = said.body.answer.why === "LLM_TIMEOUT" ? "LLM_TIMEOUT" : "LLM_UNAVAILABLE";
  const message = "the agent could not answer: send the message again later";
  return [
    { type: "error", conversation_id: conversationId, error: { code, message, recoverable: true } },
  ];
}

function typingOf(
  passing: Passing,
  thread: Thread,
): { sender_id: string; on: boolean } | undefined {
  switch (passing.kind) {
    case "run": {
      const { event } = passing;
      if (event.type === "delta") return undefined;
      return { sender_id: event.run.modelId, on: event.type === "start" };
    }
    case "typing": {
      const { sender, name, isOn } = passing;
      return { sender_id: sender === "user" ? thread.key.userId : (name ?? "admin"), on: isOn };
    }
    case "presence":
      return undefined;
  }
}
