import { ChatError } from "@warren/wire";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import { latestMessages } from "../log/latest-messages.ts";
import type { Asked } from "../runs/run.ts";
import { spokenOf, type Spoken } from "./conversation.ts";
import type { Folding } from "./folding.ts";

/** How far back an answer may be that is asked for again. */
const LOOK_BACK = 300;

export interface AgainOptions {
  journal: Journal;
  folding: Folding;
  /** True for a model that answers. */
  isModel: (modelId: string) => boolean;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/**
 * What to ask so that a message is answered once more: `anew`, or where its answer broke off. The message
 * may be the question or an answer to it. Rejects with a `ChatError`.
 */
export async function askedAgain(
  { journal, folding, isModel, wallClock }: AgainOptions,
  key: SessionKey,
  { messageId, how }: { messageId: string; how: "anew" | "on" },
): Promise<Asked> {
  const row = await folding.upToDate(key);
  if (row?.control.mode === "person") {
    throw new ChatError("CONTROL_CHANGED", "a person answers in this session");
  }
  if (row?.endMs !== undefined) throw new ChatError("SESSION_ENDED", "this session is over");
  const said = await latestMessages(journal, key, LOOK_BACK);
  const messages = spokenOf(said);
  const named = messages.find((message) => message.messageId === messageId);
  const questionId = named?.said.answer?.replyTo ?? named?.messageId;
  const question = messages.find((message) => message.messageId === questionId);
  if (question === undefined || question.said.sender !== "user" || question.isDeleted) {
    throw new ChatError("NOT_FOUND", "message_id is no message that can be answered again");
  }
  const answers = messages.filter(({ said }) => said.answer?.replyTo === questionId);
  return {
    key,
    messageId: question.messageId,
    number: question.number,
    atMs: wallClock(),
    attempt: Math.max(0, ...answers.map(({ said }) => said.answer!.attempt)) + 1,
    controlEpoch: row?.control.epoch ?? 0,
    ...(how === "on" ? begunOf(named, isModel) : { modelId: row?.modelId, begun: "" }),
  };
}

/** Its own model goes on with it, whatever was chosen since: two are never spliced. */
function begunOf(
  broken: Spoken | undefined,
  isModel: AgainOptions["isModel"],
): Pick<Asked, "modelId" | "begun"> {
  const { status, modelId = "" } = broken?.said.answer ?? {};
  if (status === "interrupted" || status === "stopped") {
    if (isModel(modelId)) return { modelId, begun: broken!.text };
    throw new ChatError("BAD_REQUEST", "the model that began this answer is not there any more");
  }
  throw new ChatError("BAD_REQUEST", "only an answer that broke off can go on");
}
