import * as v from "valibot";
import { jsonOf } from "./event-stream.ts";
import type { ProviderEvent, ProviderRequest, Turn } from "./ports.ts";
import { ProviderError } from "./provider-error.ts";
import type { Dialect } from "./streaming.ts";
import { eventFault } from "./upstream-fault.ts";

const Words = v.looseObject({ answer: v.string() });
const End = v.looseObject({
  metadata: v.nullish(
    v.looseObject({
      usage: v.nullish(
        v.looseObject({
          prompt_tokens: v.optional(v.number(), 0),
          completion_tokens: v.optional(v.number(), 0),
          total_tokens: v.optional(v.number(), 0),
        }),
      ),
    }),
  ),
});
const Named = v.looseObject({ event: v.string() });

/** Steps of an agent or a workflow: they show that it is not stuck. */
const STEPS = new Set(["agent_thought", "node_started", "node_finished", "agent_log"]);

/**
 * Dify's chat messages (API reference of a chat app, "Send chat message"). Each call carries the
 * history and opens a conversation of its own: Dify's memory of one would know neither what a person
 * said, nor an answer of another provider, nor what was edited. The model is the app's.
 */
export function difyDialect(): Dialect {
  return {
    path: "chat-messages",
    probePath: "parameters",
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    body: (request) => ({
      inputs: {},
      query: queryOf(request),
      response_mode: "streaming",
      user: request.userHash,
    }),
    reader: (key) => (event) => {
      const json = jsonOf(event);
      if (!v.is(Named, json)) throw new ProviderError("garbage", "an event without a name");
      return eventsOf(json, key);
    },
  };
}

/** One text: lines of `role: text` (L-5), or the bare question where there is nothing else. */
function queryOf({ system, history }: ProviderRequest): string {
  const [only, ...more] = history;
  if (system === "" && only?.role === "user" && more.length === 0) return only.text;
  const first = system === "" ? [] : [`system: ${system}`];
  return [...first, ...history.map((turn) => `${speaker(turn)}: ${turn.text}`)].join("\n");
}

function speaker({ role, name }: Turn): string {
  return role === "person" ? `person (${name ?? "unnamed"})` : role;
}

function eventsOf(json: v.InferOutput<typeof Named>, key: string): readonly ProviderEvent[] {
  switch (json.event) {
    case "message":
    case "agent_message":
      return textOf(json);
    case "message_end":
      return [...usageOf(json), { type: "finish", reason: "stop" }];
    case "error":
      throw eventFault(json, key);
    case "message_replace":
      // Moderation takes back what was said, which people have read: an end, but not a normal one.
      throw new ProviderError("refused", "the answer was taken back by moderation");
    default:
      return STEPS.has(json.event) ? [{ type: "working" }] : [];
  }
}

function textOf(json: object): readonly ProviderEvent[] {
  if (!v.is(Words, json)) throw new ProviderError("garbage", "a message event without an answer");
  return json.answer === "" ? [] : [{ type: "text", text: json.answer }];
}

function usageOf(json: object): readonly ProviderEvent[] {
  const end = v.safeParse(End, json);
  const usage = end.success ? end.output.metadata?.usage : undefined;
  if (!usage) return [];
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens } = usage;
  const totalTokens = total_tokens || inputTokens + outputTokens;
  return [{ type: "usage", usage: { inputTokens, outputTokens, totalTokens } }];
}
