import { Secret } from "@warren/host";
import type { ServerFrames, WireEntry } from "@warren/wire";
import { CHAT_RATES, type LimitTable } from "../src/connections/memory-limits.ts";
import type { ProviderConfig } from "../src/providers/provider-config.ts";
import { openaiSays, startFakeUpstream, type FakeExchange } from "../src/testing/index.ts";
import { Client } from "./_running-chat.ts";

/** A model whose words come from the test, over the protocol of OpenAI. */
export async function scriptedModel() {
  const upstream = await startFakeUpstream((exchange) => {
    if (exchange.method === "GET") return exchange.answer(200, { object: "list", data: [] });
  });
  const asked = () => upstream.requests.filter(({ method }) => method === "POST");
  const provider: ProviderConfig = {
    id: "scripted",
    name: "Scripted",
    type: "openai",
    model: "gpt-x",
    endpoint: new URL(`${upstream.origin}/v1`),
    apiKey: Secret.text("LLM_PROVIDER_1_API_KEY", "sk-test-0123456789"),
    prices: undefined,
  };
  return {
    provider,
    upstream,
    asked,
    /** The n-th question, from 1, once it is there. */
    async question(n: number): Promise<Question> {
      for (let at = 1; ; at++) {
        await upstream.request(at);
        const found = asked()[n - 1];
        if (found !== undefined) return new Question(found);
      }
    },
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
}

export type ScriptedModel = Awaited<ReturnType<typeof scriptedModel>>;

/** A question that a model was asked, and the answer to it in the hands of the test. */
export class Question {
  readonly exchange: FakeExchange;
  #isBegun = false;

  constructor(exchange: FakeExchange) {
    this.exchange = exchange;
  }

  /** All that the model was told, as one text. */
  get prompt(): string {
    return this.exchange.body;
  }

  async say(text: string): Promise<void> {
    if (!this.#isBegun) {
      this.exchange.events();
      await this.exchange.write(openaiSays.start());
    }
    this.#isBegun = true;
    await this.exchange.write(openaiSays.text(text));
  }

  finish(): void {
    const { finish, usage, done } = openaiSays;
    this.exchange.end(finish() + usage(3, 4) + done());
  }

  async answer(text: string): Promise<void> {
    await this.say(text);
    this.finish();
  }
}

/** A device that speaks of entries. */
export async function device(port: number, token: string, id: string): Promise<Client> {
  const client = await Client.open(port, token);
  client.send({ type: "hello", device_id: id, protocol: 1 });
  await client.next("hello");
  return client;
}

const MANY = { points: 1_000_000, perMs: 60_000 };
export const UNLIMITED: LimitTable = { ...CHAT_RATES, message: MANY, frame: MANY, connect: MANY };

let sent = 0;

/** Says something, and waits until it is durable. */
export async function say(
  client: Client,
  content: string,
  more: { session_id?: string; client_message_id?: string; reply_to?: string } = {},
): Promise<ServerFrames["message_ack"]> {
  const client_message_id = more.client_message_id ?? `kit-${++sent}`;
  const from = client.heard.length;
  client.send({ type: "user_message", content, ...more, client_message_id });
  return client.next("message_ack", (ack) => ack.client_message_id === client_message_id, from);
}

/** Asks for what a device lacks. */
export async function resume(
  client: Client,
  session_id: string,
  versions: Record<string, number> = {},
): Promise<ServerFrames["resumed"]["sessions"][number]> {
  const from = client.heard.length;
  client.send({ type: "resume", sessions: [{ session_id, versions }] });
  const { sessions } = await client.next("resumed", () => true, from);
  return sessions[0]!;
}

/** All of a session's log, page by page from its end to its beginning. */
export async function wholeLog(reader: Client, session_id: string): Promise<WireEntry[]> {
  const state = await resume(reader, session_id);
  let all: WireEntry[] = state.entries;
  for (let { older } = state; older !== undefined && Object.keys(older).length > 0;) {
    const from = reader.heard.length;
    reader.send({ type: "history", session_id, before: older, limit: 300 });
    const page = await reader.next("messages", () => true, from);
    all = [...page.entries, ...all];
    ({ older } = page);
  }
  return all;
}

/** The next refusal from here on. */
export async function refusal(client: Client, from = 0): Promise<ServerFrames["error"]> {
  return client.next("error", () => true, from);
}

/** Everything that a client knows of a session's log, by position, from whatever frames it came. */
export function entriesOf(client: Client, session_id: string): WireEntry[] {
  const all = client.heard.flatMap((frame) => {
    if (frame.type === "entry" && frame.session_id === session_id) return [frame.entry];
    if (frame.type === "messages" && frame.session_id === session_id) return frame.entries;
    if (frame.type !== "resumed") return [];
    return frame.sessions
      .filter((state) => state.session_id === session_id)
      .flatMap(({ entries }) => entries);
  });
  return all.toSorted((a, b) => a.hlc - b.hlc);
}

export function entry(
  client: Client,
  fits: (entry: WireEntry) => boolean,
  from = 0,
): Promise<ServerFrames["entry"]> {
  return client.next("entry", (frame) => fits(frame.entry), from);
}

export async function over(
  port: number,
  token: string,
  [method, path]: readonly ["GET" | "POST", string],
): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}/chat${path}`, { method, headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
