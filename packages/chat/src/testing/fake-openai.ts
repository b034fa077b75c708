import { sse, startFakeUpstream, type FakeExchange, type FakeUpstream } from "./fake-upstream.ts";

/** The parts of a stream of chat completions, byte by byte as OpenAI sends them. */
export const openaiSays = {
  start: () => chunk({ role: "assistant", content: "" }, null),
  text: (content: string) => chunk({ content }, null),
  reasoning: (reasoning_content: string) => chunk({ reasoning_content }, null),
  finish: (reason = "stop") => chunk({}, reason),
  usage: (prompt_tokens: number, completion_tokens: number) =>
    sse({
      ...ENVELOPE,
      choices: [],
      usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    }),
  error: (error: unknown) => sse({ error }),
  done: () => sse("[DONE]"),
};

const ENVELOPE = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-x" };

function chunk(delta: object, finish_reason: string | null): string {
  return sse({ ...ENVELOPE, choices: [{ index: 0, delta, finish_reason }] });
}

/** A whole stream of these words. */
export function openaiStream(words: readonly string[]): string {
  const { start, text, finish, usage, done } = openaiSays;
  return [start(), ...words.map(text), finish(), usage(7, words.length), done()].join("");
}

/** Takes one key, and echoes what the user wrote last. Its endpoint is `{origin}/v1`. */
export function startFakeOpenai(key: string): Promise<FakeUpstream> {
  return startFakeUpstream((exchange) => {
    if (exchange.headers["authorization"] !== `Bearer ${key}`) return exchange.answer(401, BAD_KEY);
    if (exchange.path === "/v1/models") return exchange.answer(200, { object: "list", data: [] });
    if (exchange.path !== "/v1/chat/completions" || exchange.method !== "POST") {
      return exchange.answer(404, { error: { message: "Unknown URL", code: "unknown_url" } });
    }
    return echo(exchange);
  });
}

const BAD_KEY = { error: { message: "Incorrect API key", type: "x", code: "invalid_api_key" } };

function echo(exchange: FakeExchange): void {
  const { messages, stream } = exchange.json() as {
    messages: { role: string; content: string }[];
    stream: boolean;
  };
  if (!stream) return exchange.answer(400, { error: { type: "invalid_request_error" } });
  exchange.events();
  const words = `You said: ${messages.at(-1)?.content ?? ""}`.match(/\s*\S+/g) ?? [];
  exchange.end(openaiStream(words));
}
