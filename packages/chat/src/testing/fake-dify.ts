import { sse, startFakeUpstream, type FakeUpstream } from "./fake-upstream.ts";

const IDS = { task_id: "t-1", message_id: "m-1", conversation_id: "c-1", created_at: 1 };

/** The parts of a streamed chat message, byte by byte as Dify sends them. */
export const difySays = {
  message: (answer: string) => sse({ event: "message", ...IDS, answer }),
  agentMessage: (answer: string) => sse({ event: "agent_message", ...IDS, answer }),
  thought: (thought: string) => sse({ event: "agent_thought", ...IDS, thought }),
  ping: () => "event: ping\n\n",
  replace: (answer: string) => sse({ event: "message_replace", ...IDS, answer }),
  end: (prompt_tokens: number, completion_tokens: number) =>
    sse({
      event: "message_end",
      ...IDS,
      metadata: {
        usage: {
          prompt_tokens,
          completion_tokens,
          total_tokens: prompt_tokens + completion_tokens,
        },
      },
    }),
  error: (status: number, code: string) =>
    sse({ event: "error", ...IDS, status, code, message: "no words are looked at" }),
};

/** A whole stream of these words. */
export function difyStream(words: readonly string[]): string {
  return [...words.map(difySays.message), difySays.end(7, words.length)].join("");
}

/** Takes one key, and echoes the query. Its endpoint is `{origin}/v1`. */
export function startFakeDify(key: string): Promise<FakeUpstream> {
  return startFakeUpstream((exchange) => {
    if (exchange.headers["authorization"] !== `Bearer ${key}`) {
      return exchange.answer(401, { code: "unauthorized", message: "Access token is invalid" });
    }
    if (exchange.path.startsWith("/v1/parameters")) return exchange.answer(200, {});
    const { query, user, inputs, response_mode } = exchange.json();
    const isSound = typeof query === "string" && typeof user === "string" && inputs !== undefined;
    if (exchange.path !== "/v1/chat-messages" || !isSound || response_mode !== "streaming") {
      return exchange.answer(400, { status: 400, code: "invalid_param", message: "refused" });
    }
    exchange.events();
    return exchange.end(difyStream(`You said: ${query}`.match(/\s*\S+/g) ?? []));
  });
}
