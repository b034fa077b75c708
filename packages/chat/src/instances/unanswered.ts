import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import { latestMessages } from "../log/latest-messages.ts";
import { spokenOf, type Spoken } from "../sessions/conversation.ts";
import type { Folding } from "../sessions/folding.ts";
import type { Asked } from "../runs/run.ts";
import type { Runs } from "../runs/runs.ts";

/** How many messages back an answer may be. */
const LOOK_BACK = 100;

export interface UnansweredOptions {
  journal: Journal;
  folding: Folding;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** Has the last question of a session answered if nobody has. `messageId`: if it is this one. */
export async function askIfOpen(
  { runs, ...options }: UnansweredOptions & { runs: Pick<Runs, "askIfOpen"> },
  key: SessionKey,
  messageId: string | undefined,
): Promise<void> {
  const asked = await unansweredIn(options, key);
  if (asked === undefined || asked.messageId !== (messageId ?? asked.messageId)) return;
  await runs.askIfOpen(asked);
}

/** The last question of a session, if it is the AI's to answer and nobody has. */
export async function unansweredIn(
  { journal, folding, wallClock }: UnansweredOptions,
  { userId, sessionId }: SessionKey,
): Promise<Asked | undefined> {
  const key = { userId, sessionId };
  const row = await folding.upToDate(key);
  if (row === undefined || row.control.mode === "person" || row.endMs !== undefined)
    return undefined;
  const said = await latestMessages(journal, key, LOOK_BACK);
  const messages = spokenOf(said);
  const question = messages.findLast(
    ({ said: { sender, isUnasked } }) => sender === "user" && isUnasked !== true,
  );
  if (question === undefined || question.isDeleted) return undefined;
  const since = messages.slice(messages.indexOf(question));
  if (since.some((message) => isAnswerTo(question, message))) return undefined;
  return {
    key,
    messageId: question.messageId,
    number: question.number,
    atMs: wallClock(),
    attempt: 1,
    controlEpoch: row.control.epoch,
    modelId: row.modelId,
    begun: "",
  };
}

/** A model's, or what a person has said since. */
function isAnswerTo({ messageId }: Spoken, { said }: Spoken): boolean {
  if (said.answer !== undefined) return said.answer.replyTo === messageId;
  return said.sender === "admin" && said.isNote !== true;
}
