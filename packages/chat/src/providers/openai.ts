import * as v from "valibot";
import { dialogue } from "./dialogue.ts";
import { jsonOf } from "./event-stream.ts";
import type { FinishReason, ProviderEvent, ProviderRequest } from "./ports.ts";
import { ProviderError } from "./provider-error.ts";
import type { Dialect } from "./streaming.ts";
import { eventFault } from "./upstream-fault.ts";

const Chunk = v.looseObject({
  error: v.optional(v.unknown()),
  choices: v.nullish(
    v.array(
      v.looseObject({
        delta: v.nullish(
          v.looseObject({
            content: v.nullish(v.string()),
            // What reasoning models say to themselves, under the two names in use.
            reasoning_content: v.nullish(v.string()),
            reasoning: v.nullish(v.string()),
          }),
        ),
        finish_reason: v.nullish(v.string()),
      }),
    ),
  ),
  usage: v.nullish(
    v.looseObject({
      prompt_tokens: v.number(),
      completion_tokens: v.optional(v.number(), 0),
      total_tokens: v.optional(v.number()),
    }),
  ),
});

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  content_filter: "filtered",
};

/** OpenAI's chat completions, as many others speak them (API reference, "Chat", "Streaming"). */
export function openaiDialect(model: string): Dialect {
  return {
    path: "chat/completions",
    probePath: "models",
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    body: (request) => bodyOf(model, request),
    reader(key) {
      let reason: FinishReason = "other";
      return (event) => {
        if (event.data === "[DONE]") return [{ type: "finish", reason }];
        const chunk = v.safeParse(Chunk, jsonOf(event));
        if (!chunk.success) throw new ProviderError("garbage", "an event is no completion chunk");
        if (chunk.output.error) throw eventFault(chunk.output.error, key);
        const said = chunk.output.choices?.[0]?.finish_reason;
        if (typeof said === "string") reason = REASONS[said] ?? "other";
        return eventsOf(chunk.output);
      };
    },
  };
}

function bodyOf(model: string, { system, history, userHash }: ProviderRequest): object {
  const first = system === "" ? [] : [{ role: "system", content: system }];
  return {
    ...(model === "" ? {} : { model }),
    messages: [...first, ...dialogue(history)],
    stream: true,
    stream_options: { include_usage: true },
    user: userHash,
  };
}

function eventsOf({ choices, usage }: v.InferOutput<typeof Chunk>): ProviderEvent[] {
  const events: ProviderEvent[] = [];
  const delta = choices?.[0]?.delta;
  if (delta?.reasoning_content || delta?.reasoning) events.push({ type: "working" });
  if (delta?.content) events.push({ type: "text", text: delta.content });
  if (usage) {
    const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = usage;
    const totalTokens = usage.total_tokens ?? inputTokens + outputTokens;
    events.push({ type: "usage", usage: { inputTokens, outputTokens, totalTokens } });
  }
  return events;
}
