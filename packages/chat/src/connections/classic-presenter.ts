import { CHAT_CODES, type ChatErrorCode, type ServerFrame } from "@warren/wire";
import type { Passing } from "../live/room.ts";
import type { Said } from "../log/said.ts";
import type { RunEvent } from "../runs/run-event.ts";
import type { Presenter } from "./presenter.ts";
import { isHidden, senderOf, timestampOf } from "./wire-entry-of.ts";

type Message = Extract<Said, { kind: "message" }>;

/** The frames of clients that know only these: what they cannot show they are not told. */
export class ClassicPresenter implements Presenter {
  readonly #isAdmin: boolean;
  readonly #now: () => string;
  /** Answers of which this client has seen something. */
  readonly #streamed = new Set<string>();

  /** `now`: RFC 3339. */
  constructor(isAdmin: boolean, now: () => string) {
    this.#isAdmin = isAdmin;
    this.#now = now;
  }

  said(said: Said, isOwn: boolean): readonly string[] {
    if (isHidden(said, this.#isAdmin)) return [];
    switch (said.kind) {
      case "message":
        return this.#message(said, isOwn).map((frame) => JSON.stringify(frame));
      case "control":
        return [JSON.stringify(controlFrame(said))];
      default:
        return [];
    }
  }

  passing(sessionId: string, passing: Passing): readonly string[] {
    if (passing.kind !== "run") return [];
    const frame = this.#run(sessionId, passing.event);
    return frame === undefined ? [] : [JSON.stringify(frame)];
  }

  #message(said: Message, isOwn: boolean): ServerFrame[] {
    const { body } = said;
    const of = storedOf(said);
    const metadata = body.metadata && { metadata: body.metadata };
    if (body.sender === "ai") return this.#answer(said);
    if (body.sender === "admin") {
      const admin = { admin_name: body.name ?? "" };
      return [
        {
          type: "ai_response",
          ...of,
          content: body.content,
          metadata: { ...body.metadata, ...admin },
        },
      ];
    }
    // Whoever sent it has drawn it already.
    if (isOwn) return [];
    if (body.file === undefined)
      return [{ type: "user_message", ...of, content: body.content, ...metadata }];
    const { fileId, url } = body.file;
    const type = body.type === "voice" ? "voice_message" : "file_upload";
    const file = { file_id: fileId, file_url: url, content: body.content };
    return [{ type, ...of, ...file, ...metadata }];
  }

  #answer(said: Message): ServerFrame[] {
    const { answer, content } = said.body;
    const of = {
      ...storedOf(said),
      ...(answer && { model_id: answer.modelId, run_id: answer.runId }),
    };
    const isStreamed = answer !== undefined && this.#streamed.delete(answer.runId);
    const frames: ServerFrame[] = [];
    if (isStreamed) frames.push({ type: "ai_response", ...of, metadata: streaming(true) });
    else if (content !== "") frames.push({ type: "ai_response", ...of, content });
    // Over without a word: who shows that an answer is coming must learn that none is.
    else if (answer !== undefined && answer.status !== "interrupted") {
      frames.push({ type: "ai_response", ...of, metadata: streaming(true) });
    }
    if (answer?.status === "interrupted") {
      frames.push(brokenOff(said.entry.sessionId, this.#now(), answer.why));
    }
    return frames;
  }

  #run(session_id: string, event: RunEvent): ServerFrame | undefined {
    const { run } = event;
    const of = { session_id, timestamp: this.#now(), sender: "ai" as const };
    if (event.type === "start") return { type: "loading", ...of };
    if (event.type === "end") return undefined;
    // Who came in the middle gets the beginning as well.
    const isFirst = !this.#streamed.has(run.runId);
    this.#streamed.add(run.runId);
    return {
      type: "ai_response",
      ...of,
      content: isFirst ? run.text : event.text,
      model_id: run.modelId,
      run_id: run.runId,
      message_id: run.messageId,
      metadata: streaming(false),
    };
  }
}

function streaming(isDone: boolean): Record<string, string> {
  return { streaming: "true", done: String(isDone) };
}

function storedOf({ entry, messageId }: Said) {
  const { sessionId, origin, number, hlc, clientMessageId, author } = entry;
  return {
    session_id: sessionId,
    timestamp: timestampOf(entry),
    sender: senderOf(author),
    message_id: messageId,
    client_message_id: clientMessageId,
    origin,
    number,
    hlc,
  };
}

function controlFrame(said: Extract<Said, { kind: "control" }>): ServerFrame {
  const { mode, adminId, adminName } = said.body;
  const name = (adminName ?? "A person").slice(0, 100);
  const isJoin = mode === "person";
  return {
    type: isJoin ? "admin_join" : "admin_leave",
    ...storedOf(said),
    sender: "admin",
    content: isJoin ? `${name} has joined the chat` : `${name} has left the chat`,
    metadata: { admin_id: adminId ?? "", admin_name: name },
  };
}

function brokenOff(session_id: string, timestamp: string, why: string | undefined): ServerFrame {
  const isCode = why !== undefined && Object.hasOwn(CHAT_CODES, why);
  const code = isCode ? (why as ChatErrorCode) : "LLM_UNAVAILABLE";
  const message =
    code === "LLM_TIMEOUT"
      ? "the AI took too long to answer"
      : "the AI could not finish its answer";
  return {
    type: "error",
    session_id,
    timestamp,
    sender: "ai",
    error: { code, message, recoverable: true },
  };
}
