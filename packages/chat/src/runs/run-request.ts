import type { Journal } from "../log/journal.ts";
import { latestMessages } from "../log/latest-messages.ts";
import type { MessageLog } from "../log/ports.ts";
import type { ProviderRequest } from "../providers/ports.ts";
import { buildPrompt, PROMPT_LIMITS } from "../providers/prompt.ts";
import { userPseudonym } from "../providers/pseudonym.ts";
import { conversationOf } from "../sessions/conversation.ts";
import { RunEnded, type Asked } from "./run.ts";

export interface RunRequestOptions {
  log: Pick<MessageLog, "heads">;
  journal: Pick<Journal, "latest">;
  systemPrompt: string;
  /** Of the names under which providers know users. */
  pseudonymKey: string;
}

const GO_ON = "Go on with your answer exactly where it broke off, without repeating any of it.";

/**
 * What the model is told: the session as it stands, without former answers to the same question. Rejects with
 * `RunEnded` where somebody else has the session by now, or it is over.
 */
export async function runRequest(
  { log, journal, systemPrompt, pseudonymKey }: RunRequestOptions,
  { key, messageId, number, atMs, begun, controlEpoch: asked }: Asked,
  runId: string,
): Promise<ProviderRequest> {
  // Whoever takes the session from here on ends this answer; who took it before is seen here.
  const { controlEpoch, isClosed } = await log.heads(key);
  if (isClosed) throw new RunEnded("stopped", undefined);
  if (controlEpoch !== asked) throw new RunEnded("superseded", undefined);
  const said = await latestMessages(journal, key, 2 * PROMPT_LIMITS.messages);
  const conversation = conversationOf(said, begun === "" ? messageId : undefined);
  const { system, history } = buildPrompt(systemPrompt, conversation, PROMPT_LIMITS);
  if (begun !== "") history.push({ role: "user", text: GO_ON, name: undefined });
  return {
    system,
    history,
    sessionId: key.sessionId,
    userHash: userPseudonym(pseudonymKey, key.userId),
    runId,
    asked: { messageId, number, atMs },
  };
}
