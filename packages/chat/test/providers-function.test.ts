import { describe, expect, test } from "vitest";
import { CloudEventError } from "../src/providers/cloud-event.ts";
import { answerIn, type LateAnswer } from "../src/providers/function-answers.ts";
import {
  answerData,
  answerDirectly,
  askedEvent,
  startFakeFunction,
  type FakeExchange,
  type FakeUpstream,
  type Script,
} from "../src/testing/index.ts";
import { KEY, openKit, providerEnv, Reader, requestOf, WALL_MS } from "./_providers-kit.ts";

function env(fake: FakeUpstream, more: Record<string, string> = {}) {
  return providerEnv(1, { TYPE: "function", ENDPOINT: `${fake.origin}/fn`, ...more });
}

const MODES = ["binary", "structured"] as const;
const accepted: Script = (exchange) => {
  exchange.head(202);
  exchange.end();
};

/** The answer to `exchange` as an event of its own. */
function laterAnswer(exchange: FakeExchange, text: string): LateAnswer {
  return answerIn({
    id: "later-1",
    source: "/fn/slow",
    type: "agent.response",
    subject: undefined,
    time: undefined,
    data: answerData(askedEvent(exchange), text),
  });
}

describe("a function that answers", () => {
  test.each(MODES)("is asked by an event in %s mode", async (mode) => {
    await using fake = await startFakeFunction();
    await using kit = openKit(env(fake, { MODE: mode }));
    const request = requestOf("héllo", { system: "Be kind." });
    const reader = new Reader(kit.providers, request);
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("You said: héllo");
    const exchange = await fake.request(1);
    expect(exchange.headers["authorization"]).toBe(`Bearer ${KEY}`);
    const asked = askedEvent(exchange);
    expect(asked.mode).toBe(mode);
    const time = new Date(WALL_MS).toISOString();
    expect(asked.attributes).toMatchObject({
      specversion: "1.0",
      id: "run-1",
      source: "/warren/chat/test",
      type: "messaging.message.received",
      subject: request.sessionId,
      time,
    });
    expect(asked.data).toEqual({
      message_id: "m-1",
      idempotency_key: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      conversation_id: request.sessionId,
      sender_id: "user-1",
      receiver_id: "p1",
      sequence_number: 3,
      message_type: "text",
      content: "héllo",
      timestamp: time,
      system_prompt: "Be kind.",
      history: [{ role: "user", text: "héllo" }],
    });
  });

  test.each(MODES)("may answer in the response in %s mode, however it was asked", async (mode) => {
    await using fake = await startFakeFunction();
    await using kit = openKit(env(fake));
    fake.next((exchange) => answerDirectly(exchange, mode, "ja"));
    const reader = new Reader(kit.providers, requestOf("hi"));
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("ja");
  });

  test("may answer later, by an event of its own, which counts once", async () => {
    await using fake = await startFakeFunction();
    await using kit = openKit(env(fake));
    fake.next(accepted);
    const reader = new Reader(kit.providers, requestOf("hi"));
    const event = laterAnswer(await fake.request(1), "later");
    const { answers } = kit.providers;
    expect(answers.receive(event)).toBe("delivered");
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("later");
    expect(answers.receive(event)).toBe("duplicate");
    expect(answers.receive({ ...event, id: "later-2" })).toBe("unknown");
    expect(answers.waiting).toBe(0);
  });

  test("may answer by an event before it answers the request, which is then given up", async () => {
    await using fake = await startFakeFunction();
    await using kit = openKit(env(fake));
    fake.next(() => {});
    const reader = new Reader(kit.providers, requestOf("hi"));
    const exchange = await fake.request(1);
    kit.providers.answers.receive(laterAnswer(exchange, "quick"));
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("quick");
    await exchange.closed;
    expect(kit.clock.pending).toBe(0);
  });

  test("gets the same event id in every try", async () => {
    await using fake = await startFakeFunction();
    await using kit = openKit(env(fake));
    fake.next((exchange) => exchange.answer(503, {}));
    const reader = new Reader(kit.providers, requestOf("hi"));
    await kit.clock.waits(500);
    kit.clock.advance(500);
    expect(await reader.end).toBeUndefined();
    const ids = fake.requests.map((exchange) => askedEvent(exchange).attributes["id"]);
    expect(ids).toEqual(["run-1", "run-1"]);
  });

  test("that never answers is not waited for for ever", async () => {
    await using fake = await startFakeFunction();
    await using kit = openKit(env(fake), { attempts: 1 });
    fake.next(accepted);
    const reader = new Reader(kit.providers, requestOf("hi"));
    const event = laterAnswer(await fake.request(1), "too late");
    await kit.clock.waits(30_000);
    kit.clock.advance(30_000);
    expect((await reader.fault()).kind).toBe("timeout_first_token");
    expect(kit.providers.answers.receive(event)).toBe("unknown");
  });

  test("that nobody waits for any more is let go", async () => {
    await using fake = await startFakeFunction();
    await using kit = openKit(env(fake));
    fake.next(accepted);
    const reader = new Reader(kit.providers, requestOf("hi"));
    await fake.request(1);
    const reason = new Error("stopped");
    reader.stop(reason);
    expect(await reader.end).toBe(reason);
    expect(kit.providers.answers.waiting).toBe(0);
  });

  const CE = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/fn",
    "ce-type": "agent.response",
  };
  const data = { idempotency_key: "run-1", conversation_id: "c", response: "x" };
  const wrong: { name: string; script: Script; problem: string }[] = [
    {
      name: "plain text",
      script: (exchange) => {
        exchange.head(200, { "content-type": "text/plain" });
        exchange.end("OK");
      },
      problem: "neither ce-specversion nor content-type application/cloudevents+json is there",
    },
    {
      name: "an event of another type",
      script: (exchange) => exchange.answer(200, data, { ...CE, "ce-type": "agent.message" }),
      problem: "the type is not agent.response",
    },
    {
      name: "an answer to another run",
      script: (exchange) => exchange.answer(200, { ...data, idempotency_key: "run-2" }, CE),
      problem: "idempotency_key is another run's",
    },
    {
      name: "an answer without a text",
      script: (exchange) => exchange.answer(200, { ...data, response: undefined }, CE),
      problem: "missing or malformed in data: response",
    },
    {
      name: "an event without a source",
      script: (exchange) => exchange.answer(200, data, { ...CE, "ce-source": "" }),
      problem: "missing or malformed: source",
    },
  ];
  test.each(wrong)(
    "with $name is told to have answered garbage, and why",
    async ({ script, problem }) => {
      await using fake = await startFakeFunction();
      await using kit = openKit(env(fake));
      fake.next(script);
      const fault = await new Reader(kit.providers, requestOf("hi")).fault();
      expect([fault.kind, fault.message]).toEqual([
        "garbage",
        `the response is no answer: ${problem}`,
      ]);
    },
  );

  test("is not read beyond 1 MiB", async () => {
    await using fake = await startFakeFunction();
    await using kit = openKit(env(fake));
    fake.next((exchange) => {
      exchange.head(200, CE);
      void exchange.write("x".repeat(2_000_000));
    });
    const fault = await new Reader(kit.providers, requestOf("hi")).fault();
    expect([fault.kind, fault.message]).toEqual(["garbage", "more than 1 MiB came"]);
    await fake.quiet();
  });
});

describe("an event that comes in", () => {
  test("is refused with the reason where it is no answer", () => {
    const plain = { id: "1", source: "/fn", subject: undefined, time: undefined };
    const event = { ...plain, type: "agent.response" };
    expect(() => answerIn({ ...event, data: { response: 7 } })).toThrow(
      "missing or malformed in data: idempotency_key, conversation_id, response",
    );
    expect(() => answerIn({ ...event, data: "x" })).toThrow(CloudEventError);
  });
});
