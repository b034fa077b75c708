import type { MessagingServerFrames } from "@warren/wire";
import type { RunEvent } from "../../runs/run-event.ts";
import type { Thread } from "./thread.ts";

type Frame = MessagingServerFrames["agent_progress"];
type Told = Exclude<RunEvent, { type: "start" }>;

/** More than the conversations that a socket follows, each of which has one answer at a time. */
const MOST_TOLD = 256;

/** Answers as they are written, in the words of the messaging dialect. */
export class AgentProgress {
  /** Answers of which this client has been told something. */
  readonly #told = new Set<string>();

  /** Undefined: there is nothing to tell. Who comes in the middle gets the beginning as well. */
  of(thread: Thread, event: Told): Frame | undefined {
    const { run } = event;
    if (event.type === "end") {
      if (!this.#told.delete(run.runId)) return undefined;
      return frameOf(thread, event, { at: run.text.length, content: "", status: event.status });
    }
    const isFirst = !this.#told.has(run.runId);
    this.#note(run.runId);
    const { at, text } = isFirst ? { at: 0, text: run.text } : event;
    return frameOf(thread, event, { at, content: text });
  }

  /** The end of one may never be heard of: whoever is long forgotten is told from the beginning again. */
  #note(runId: string): void {
    this.#told.add(runId);
    if (this.#told.size <= MOST_TOLD) return;
    const [oldest] = this.#told;
    this.#told.delete(oldest!);
  }
}

function frameOf(
  { conversationId: conversation_id }: Thread,
  { run }: Told,
  progress: Pick<Frame["payload"], "at" | "content" | "status">,
): Frame {
  const { messageId: message_id, modelId: agent_id, attempt } = run;
  const of = { conversation_id, message_id, agent_id, reply_to_message_id: run.replyTo, attempt };
  return { type: "agent_progress", payload: { ...of, ...progress } };
}
