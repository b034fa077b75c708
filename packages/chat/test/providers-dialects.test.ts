import { describe, expect, test } from "vitest";
import type { ProviderEvent } from "../src/providers/ports.ts";
import {
  anthropicSays,
  anthropicStream,
  difySays,
  difyStream,
  openaiSays,
  openaiStream,
  startFakeAnthropic,
  startFakeDify,
  startFakeOpenai,
  type FakeUpstream,
} from "../src/testing/index.ts";
import { KEY, openKit, providerEnv, Reader, requestOf, user, type Kit } from "./_providers-kit.ts";

interface Dialect {
  type: string;
  start: (key: string) => Promise<FakeUpstream>;
  stream: (words: readonly string[]) => string;
}

const DIALECTS: Dialect[] = [
  { type: "openai", start: startFakeOpenai, stream: openaiStream },
  { type: "anthropic", start: startFakeAnthropic, stream: anthropicStream },
  { type: "dify", start: startFakeDify, stream: difyStream },
];

function kitFor(type: string, fake: FakeUpstream): Kit {
  const env = { TYPE: type, ENDPOINT: `${fake.origin}/v1`, MODEL: "model-x" };
  return openKit(providerEnv(1, env), { attempts: 1 });
}

async function streamed(
  dialect: Dialect,
  bytes: (stream: string) => Iterable<Uint8Array | string>,
) {
  await using fake = await dialect.start(KEY);
  await using kit = kitFor(dialect.type, fake);
  fake.next(async (exchange) => {
    exchange.events();
    for (const part of bytes(dialect.stream(WORDS))) {
      // oxlint-disable-next-line no-await-in-loop -- one after another is what it is for
      await exchange.write(part);
    }
    exchange.end();
  });
  const reader = new Reader(kit.providers, requestOf("hi"));
  expect(await reader.end).toBeUndefined();
  return reader;
}

const WORDS = ["Grüße, ", "家族 👩‍👩‍👧 ", '{"data:\\n\\n"}', "\nend"];
const FINISHED: ProviderEvent[] = [
  { type: "usage", usage: { inputTokens: 7, outputTokens: 4, totalTokens: 11 } },
  { type: "finish", reason: "stop" },
];

/** The stream's own events, without what the router says and without counts on the way. */
function essence({ events }: Reader): unknown[] {
  const usage = events.findLast((event) => event.type === "usage");
  return [usage, events.at(-1)];
}

const QUIRKS: { name: string; bytes: (stream: string) => Iterable<Uint8Array | string> }[] = [
  { name: "as it is", bytes: (s) => [s] },
  { name: "with CRLF", bytes: (s) => [s.replaceAll("\n", "\r\n")] },
  { name: "with CR alone", bytes: (s) => [s.replaceAll("\n", "\r")] },
  { name: "with a byte order mark", bytes: (s) => [`\uFEFF${s}`] },
  { name: "with comments between", bytes: (s) => [s.replaceAll("\n\n", "\n\n: keep-alive\n\n")] },
  { name: "without the blank after data:", bytes: (s) => [s.replaceAll("data: ", "data:")] },
  {
    name: "with ids and retry fields",
    bytes: (s) => [s.replaceAll("data: {", "id: 1\nretry: 5\ndata: {")],
  },
  {
    name: "with data over several lines",
    bytes: (s) => [s.replaceAll(/data: \{/g, "data: {\ndata: ")],
  },
  { name: "without the last blank line", bytes: (s) => [s.trimEnd()] },
  {
    name: "one byte at a time",
    bytes: (s) => [...Buffer.from(s)].map((byte) => Uint8Array.of(byte)),
  },
];

describe.each(DIALECTS)("a stream of $type", (dialect) => {
  test.each(QUIRKS)("is read $name", async ({ bytes }) => {
    const reader = await streamed(dialect, bytes);
    expect(reader.text).toBe(WORDS.join(""));
    expect(essence(reader)).toEqual(FINISHED);
  });

  test("is asked for as its API documents", async () => {
    await using fake = await dialect.start(KEY);
    await using kit = kitFor(dialect.type, fake);
    const reader = new Reader(kit.providers, requestOf("are you there?"));
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("You said: are you there?");
  });

  test("leaves its connection for the next answer", async () => {
    await using fake = await dialect.start(KEY);
    await using kit = kitFor(dialect.type, fake);
    await new Reader(kit.providers, requestOf("one")).end;
    // The end of the first answer has passed the event loop once a later round trip has.
    await (await fetch(fake.origin, { headers: { connection: "close" } })).text();
    await new Reader(kit.providers, requestOf("two")).end;
    const [one, , two] = fake.requests;
    expect(one?.port).toBe(two?.port);
    await kit.providers[Symbol.asyncDispose]();
    await fake.quiet();
  });
});

describe("what is sent", () => {
  const request = requestOf("", {
    system: "Be kind.",
    history: [
      user("hello"),
      { role: "assistant", text: "hi", name: undefined },
      { role: "person", text: "Bob here", name: "Bob" },
      user("thanks"),
      user("and now?"),
    ],
  });
  const messages = [
    { role: "user", content: "hello" },
    { role: "assistant", content: "hi\n\n[Bob] Bob here" },
    { role: "user", content: "thanks\n\nand now?" },
  ];

  async function sent(type: string, start: Dialect["start"]) {
    await using fake = await start(KEY);
    await using kit = kitFor(type, fake);
    await new Reader(kit.providers, request).end;
    return (await fake.request(1)).json();
  }

  test("to OpenAI has the model, the system prompt and the history", async () => {
    expect(await sent("openai", startFakeOpenai)).toEqual({
      model: "model-x",
      messages: [{ role: "system", content: "Be kind." }, ...messages],
      stream: true,
      stream_options: { include_usage: true },
      user: "user-1",
    });
  });

  test("to Anthropic has the system prompt apart", async () => {
    expect(await sent("anthropic", startFakeAnthropic)).toEqual({
      model: "model-x",
      system: "Be kind.",
      messages,
      max_tokens: 4096,
      metadata: { user_id: "user-1" },
      stream: true,
    });
  });

  test("to Dify is one text of lines", async () => {
    expect(await sent("dify", startFakeDify)).toEqual({
      inputs: {},
      query:
        "system: Be kind.\nuser: hello\nassistant: hi\nperson (Bob): Bob here\nuser: thanks\nuser: and now?",
      response_mode: "streaming",
      user: "user-1",
    });
  });

  test("begins with the user also where the history was cut before an answer", async () => {
    await using fake = await startFakeAnthropic(KEY);
    await using kit = kitFor("anthropic", fake);
    const history = [{ role: "assistant" as const, text: "so", name: undefined }, user("go on")];
    const reader = new Reader(kit.providers, requestOf("", { history }));
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("You said: go on");
  });
});

describe("an answer", () => {
  const cases = [
    {
      name: "of OpenAI that hit its length says so",
      type: "openai",
      stream: [openaiSays.text("a"), openaiSays.finish("length"), openaiSays.done()],
      reason: "length",
    },
    {
      name: "of OpenAI that was filtered says so",
      type: "openai",
      stream: [openaiSays.text("a"), openaiSays.finish("content_filter"), openaiSays.done()],
      reason: "filtered",
    },
    {
      name: "of Anthropic that hit its length says so",
      type: "anthropic",
      stream: [anthropicSays.text("a"), anthropicSays.delta(1, "max_tokens"), anthropicSays.stop()],
      reason: "length",
    },
    {
      name: "of Anthropic that was refused says so",
      type: "anthropic",
      stream: [anthropicSays.text("a"), anthropicSays.delta(1, "refusal"), anthropicSays.stop()],
      reason: "filtered",
    },
    {
      name: "of a Dify agent is read too",
      type: "dify",
      stream: [
        difySays.ping(),
        difySays.thought("hm"),
        difySays.agentMessage("a"),
        difySays.end(1, 1),
      ],
      reason: "stop",
    },
  ];
  test.each(cases)("$name", async ({ type, stream, reason }) => {
    const dialect = DIALECTS.find((each) => each.type === type)!;
    await using fake = await dialect.start(KEY);
    await using kit = kitFor(type, fake);
    fake.next((exchange) => {
      exchange.events();
      void exchange.write(stream.join(""));
      exchange.end();
    });
    const reader = new Reader(kit.providers, requestOf("hi"));
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("a");
    expect(reader.events.at(-1)).toEqual({ type: "finish", reason });
  });

  test("counts input from a cache as input", async () => {
    await using fake = await startFakeAnthropic(KEY);
    await using kit = kitFor("anthropic", fake);
    fake.next((exchange) => {
      exchange.events();
      const cached = `"input_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":20`;
      void exchange.write(anthropicSays.start(5).replace(`"input_tokens":5`, cached));
      void exchange.write(anthropicSays.text("a") + anthropicSays.delta(2) + anthropicSays.stop());
      exchange.end();
    });
    const reader = new Reader(kit.providers, requestOf("hi"));
    await reader.end;
    expect(reader.events.findLast((event) => event.type === "usage")).toEqual({
      type: "usage",
      usage: { inputTokens: 125, outputTokens: 2, totalTokens: 127 },
    });
    expect(await kit.metric(`chatbox_tokens_used_total{provider="p1"}`)).toBe(127);
  });
});
