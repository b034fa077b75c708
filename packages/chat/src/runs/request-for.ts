import type { Journal } from "../log/journal.ts";
import type { MessageLog } from "../log/ports.ts";
import type { ProviderRequest } from "../providers/ports.ts";
import { buildPrompt, PROMPT_LIMITS } from "../providers/prompt.ts";
import { userPseudonym } from "../providers/pseudonym.ts";
import { conversationOf } from "../sessions/conversation.ts";
import { RunEnded, type Asked } from "./run.ts";

export interface RequestOptions {
  config: { readonly systemPrompt: string; readonly pseudonymKey: string };
  store: { readonly log: MessageLog };
  journal: Journal;
}

/**
 * What the model is told: the session as it stands, without former answers to the same question. Rejects
 * with a `RunEnded` where nobody is to answer it any more.
 */
export async function requestFor(
  { config, store, journal }: RequestOptions,
  asked: Asked,
  runId: string,
): Promise<ProviderRequest> {
  const { key, messageId, number, atMs, begun } = asked;
  // Whoever takes or ends the session from here on ends this answer; who did before is seen here.
  const { controlEpoch, isClosed } = await store.log.heads(key);
  if (isClosed) throw new RunEnded("stopped", undefined);
  if (controlEpoch !== asked.controlEpoch) throw new RunEnded("superseded", undefined);
  const { said } = await journal.latest(key, undefined, 2 * PROMPT_LIMITS.messages);
  const conversation = conversationOf(said, begun === "" ? messageId : undefined);
  const { system, history } = buildPrompt(config.systemPrompt, conversation, PROMPT_LIMITS);
  if (begun !== "") history.push({ role: "user", text: GO_ON, name: undefined });
  return {
    system,
    history,
    sessionId: key.sessionId,
    userHash: userPseudonym(config.pseudonymKey, key.userId),
    runId,
    asked: { messageId, number, atMs },
  };
}

const GO_ON = "Go on with your answer exactly where it broke off, without repeating any of it.";
