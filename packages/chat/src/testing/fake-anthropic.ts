import { sse, startFakeUpstream, type FakeExchange, type FakeUpstream } from "./fake-upstream.ts";

/** The parts of a streamed message, byte by byte as Anthropic sends them. */
export const anthropicSays = {
  start: (input_tokens: number) =>
    typed("message_start", {
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "claude-x",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens, output_tokens: 1 },
      },
    }),
  ping: () => typed("ping", {}),
  open: (index = 0) =>
    typed("content_block_start", { index, content_block: { type: "text", text: "" } }),
  text: (text: string) =>
    typed("content_block_delta", { index: 0, delta: { type: "text_delta", text } }),
  thinking: (thinking: string) =>
    typed("content_block_delta", { index: 0, delta: { type: "thinking_delta", thinking } }),
  close: (index = 0) => typed("content_block_stop", { index }),
  delta: (output_tokens: number, stop_reason = "end_turn") =>
    typed("message_delta", {
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens },
    }),
  stop: () => typed("message_stop", {}),
  error: (type: string) => typed("error", { error: { type, message: "no words are looked at" } }),
};

function typed(type: string, rest: object): string {
  return sse({ type, ...rest }, type);
}

/** A whole stream of these words. */
export function anthropicStream(words: readonly string[]): string {
  const { start, ping, open, text, close, delta, stop } = anthropicSays;
  return [start(7), open(), ping(), ...words.map(text), close(), delta(words.length), stop()].join(
    "",
  );
}

/** Takes one key, and echoes what the user wrote last. Its endpoint is `{origin}/v1`. */
export function startFakeAnthropic(key: string): Promise<FakeUpstream> {
  return startFakeUpstream((exchange) => {
    if (exchange.headers["x-api-key"] !== key) return refuse(exchange, 401, "authentication_error");
    if (exchange.headers["anthropic-version"] === undefined) {
      return refuse(exchange, 400, "invalid_request_error");
    }
    if (exchange.path === "/v1/models") return exchange.answer(200, { data: [] });
    if (exchange.path !== "/v1/messages") return refuse(exchange, 404, "not_found_error");
    return echo(exchange);
  });
}

/** An error as Anthropic answers one. */
function refuse(exchange: FakeExchange, status: number, type: string): void {
  exchange.answer(status, { type: "error", error: { type, message: "refused" } });
}

function echo(exchange: FakeExchange): void {
  const { messages, max_tokens, stream } = exchange.json() as {
    messages: { role: string; content: string }[];
    max_tokens?: number;
    stream?: boolean;
  };
  const isSound = typeof max_tokens === "number" && stream === true && messages[0]?.role === "user";
  if (!isSound) return refuse(exchange, 400, "invalid_request_error");
  exchange.events();
  const words = `You said: ${messages.at(-1)?.content ?? ""}`.match(/\s*\S+/g) ?? [];
  exchange.end(anthropicStream(words));
}
