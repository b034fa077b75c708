import * as v from "valibot";
import { dialogue } from "./dialogue.ts";
import { jsonOf } from "./event-stream.ts";
import type { FinishReason, ProviderEvent, ProviderRequest, Usage } from "./ports.ts";
import { ProviderError } from "./provider-error.ts";
import type { Dialect } from "./streaming.ts";
import { eventFault } from "./upstream-fault.ts";

const Tokens = v.nullish(
  v.looseObject({
    input_tokens: v.nullish(v.number()),
    cache_creation_input_tokens: v.nullish(v.number()),
    cache_read_input_tokens: v.nullish(v.number()),
    output_tokens: v.nullish(v.number()),
  }),
);

const Event = v.variant("type", [
  v.looseObject({
    type: v.literal("message_start"),
    message: v.looseObject({ usage: Tokens }),
  }),
  v.looseObject({
    type: v.literal("content_block_delta"),
    delta: v.looseObject({ type: v.string(), text: v.optional(v.string()) }),
  }),
  v.looseObject({
    type: v.literal("message_delta"),
    delta: v.looseObject({ stop_reason: v.nullish(v.string()) }),
    usage: Tokens,
  }),
  v.looseObject({ type: v.literal("message_stop") }),
  v.looseObject({ type: v.literal("error"), error: v.optional(v.unknown()) }),
]);
type Event = v.InferOutput<typeof Event>;

/** Others (`ping`, the bounds of blocks, what is yet to be invented) say nothing of the answer. */
const KNOWN = new Set<unknown>(Event.options.map((option) => option.entries.type.literal));

const REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  refusal: "filtered",
};

/** What an answer may have at most; the API insists on a number (L-5). */
const MOST_OUTPUT_TOKENS = 4096;

/** Anthropic's messages, version 2023-06-01 (API reference, "Streaming messages"). */
export function anthropicDialect(model: string): Dialect {
  return {
    path: "messages",
    probePath: "models",
    headers: (key) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
    body: (request) => bodyOf(model, request),
    reader(key) {
      const answer = new Answer(key);
      return (event) => answer.read(jsonOf(event));
    },
  };
}

function bodyOf(model: string, { system, history, userHash }: ProviderRequest): object {
  return {
    ...(model === "" ? {} : { model }),
    ...(system === "" ? {} : { system }),
    messages: dialogue(history),
    max_tokens: MOST_OUTPUT_TOKENS,
    metadata: { user_id: userHash },
    stream: true,
  };
}

class Answer {
  readonly #key: string;
  #reason: FinishReason = "other";
  #usage: Usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };

  constructor(key: string) {
    this.#key = key;
  }

  read(json: object): readonly ProviderEvent[] {
    const type: unknown = (json as { type?: unknown }).type;
    if (typeof type === "string" && !KNOWN.has(type)) return [];
    const parsed = v.safeParse(Event, json);
    if (!parsed.success) throw new ProviderError("garbage", "an event is not as documented");
    return this.#said(parsed.output);
  }

  #said(event: Event): readonly ProviderEvent[] {
    switch (event.type) {
      case "message_start":
        return this.#counted(event.message.usage);
      case "content_block_delta":
        return deltaOf(event.delta);
      case "message_delta":
        this.#reason = REASONS[event.delta.stop_reason ?? ""] ?? "other";
        return this.#counted(event.usage);
      case "message_stop":
        return [{ type: "finish", reason: this.#reason }];
      case "error":
        throw eventFault(event.error, this.#key);
    }
  }

  /** Counts are totals so far; the first event has the input's, the last the output's. */
  #counted(tokens: v.InferOutput<typeof Tokens>): readonly ProviderEvent[] {
    if (!tokens) return [];
    const cached =
      (tokens.cache_creation_input_tokens ?? 0) + (tokens.cache_read_input_tokens ?? 0);
    const inputTokens = Math.max(this.#usage.inputTokens, (tokens.input_tokens ?? 0) + cached);
    const outputTokens = Math.max(this.#usage.outputTokens, tokens.output_tokens ?? 0);
    this.#usage = { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
    return [{ type: "usage", usage: this.#usage }];
  }
}

function deltaOf({ type, text }: { type: string; text?: string | undefined }): ProviderEvent[] {
  if (type !== "text_delta") return [{ type: "working" }];
  return text ? [{ type: "text", text }] : [];
}
