/** What the chat needs of an AI, in its own words. Dialects sit beside this file. */

export const PROVIDER_TYPES = ["openai", "anthropic", "dify", "demo", "function"] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

/** One message of the bounded history, oldest first. A person is a human who answered for the AI. */
export interface Turn {
  role: "user" | "assistant" | "person";
  text: string;
  /** Shown name of a person; undefined for the others. */
  name: string | undefined;
}

/** One answer that is wanted. The last turn is what is to be answered. */
export interface ProviderRequest {
  /** Empty for none. */
  system: string;
  history: readonly Turn[];
  sessionId: string;
  /** Stands for the user outside of this service; see `userPseudonym`. */
  userHash: string;
  /** The same in every try for this answer: whoever gets it twice knows that it is one. */
  runId: string;
  /** The user's message that asks. */
  asked: { messageId: string; number: number; atMs: number };
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
}

/** Why an answer is complete: its end, the model's length limit, a content filter, or unsaid. */
export type FinishReason = "stop" | "length" | "filtered" | "other";

/**
 * `working`: the model moves but says nothing yet (it reasons). `usage` is all that is known so far
 * and may come again, the last one counts: an answer cut short has costs too. `finish` is last.
 */
export type ProviderEvent =
  | { type: "working" }
  | { type: "text"; text: string }
  | { type: "usage"; usage: Usage }
  | { type: "finish"; reason: FinishReason };

/** An AI that answers. */
export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly type: ProviderType;
  /** The name of the model over there; empty where it has none. */
  readonly model: string;
  /**
   * Streams one answer, at the pace of the reader. Ends with `finish`, or rejects: with a
   * ProviderError, or with the signal's reason when that aborts, at any moment. Either way, and when
   * the reader leaves, the request over there is cut at once and nothing stays open.
   */
  stream(request: ProviderRequest, signal: AbortSignal): AsyncIterable<ProviderEvent>;
  /** Rejects with a ProviderError where no answer could be had now. Costs no tokens. */
  probe(signal: AbortSignal): Promise<void>;
}
