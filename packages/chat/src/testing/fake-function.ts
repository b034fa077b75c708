import { startFakeUpstream, type FakeExchange, type FakeUpstream } from "./fake-upstream.ts";

/** The question in an event of either mode, as a function's framework hands it over. */
export interface AskedEvent {
  mode: "binary" | "structured";
  attributes: Record<string, string>;
  data: Record<string, unknown>;
}

export function askedEvent(exchange: FakeExchange): AskedEvent {
  if (exchange.headers["content-type"]?.startsWith("application/cloudevents+json") === true) {
    const { data, ...attributes } = exchange.json();
    return {
      mode: "structured",
      attributes: attributes as Record<string, string>,
      data: data as Record<string, unknown>,
    };
  }
  const attributes: Record<string, string> = {};
  for (const [name, value = ""] of Object.entries(exchange.headers)) {
    if (name.startsWith("ce-")) attributes[name.slice(3)] = decodeURIComponent(value);
  }
  return { mode: "binary", attributes, data: exchange.json() };
}

/** The data of an answer to it. */
export function answerData({ data }: AskedEvent, response: string): Record<string, unknown> {
  return {
    idempotency_key: data["idempotency_key"],
    conversation_id: data["conversation_id"],
    user_id: data["sender_id"],
    agent_id: data["receiver_id"],
    response,
    timestamp: "2026-11-21T12:00:00Z",
  };
}

const ANSWER = { specversion: "1.0", id: "answer-1", source: "/fn/echo", type: "agent.response" };

/** Answers in the response, in the given mode. */
export function answerDirectly(
  exchange: FakeExchange,
  mode: AskedEvent["mode"],
  text: string,
): void {
  const data = answerData(askedEvent(exchange), text);
  if (mode === "structured") {
    const event = { ...ANSWER, datacontenttype: "application/json", data };
    return exchange.answer(200, event, { "content-type": "application/cloudevents+json" });
  }
  const headers = Object.entries(ANSWER).map(([name, value]) => [`ce-${name}`, value]);
  exchange.answer(200, data, Object.fromEntries(headers) as Record<string, string>);
}

/** A function that echoes, in the mode in which it was asked. Its endpoint is `{origin}/`. */
export function startFakeFunction(): Promise<FakeUpstream> {
  return startFakeUpstream((exchange) => {
    const asked = askedEvent(exchange);
    answerDirectly(exchange, asked.mode, `You said: ${String(asked.data["content"])}`);
  });
}
