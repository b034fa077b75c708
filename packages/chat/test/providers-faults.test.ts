import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chatErrorOf } from "../src/providers/provider-error.ts";
import {
  anthropicSays,
  difySays,
  openaiSays,
  startFakeAnthropic,
  startFakeDify,
  startFakeOpenai,
  type FakeUpstream,
  type Script,
} from "../src/testing/index.ts";
import { KEY, openKit, providerEnv, Reader, requestOf } from "./_providers-kit.ts";

const STARTS = { openai: startFakeOpenai, anthropic: startFakeAnthropic, dify: startFakeDify };
type Type = keyof typeof STARTS;

function envFor(type: Type, fake: FakeUpstream) {
  return providerEnv(1, { TYPE: type, ENDPOINT: `${fake.origin}/v1`, MODEL: "m" });
}

/** One try, answered by `script`. */
async function faultOf(type: Type, script: Script) {
  await using fake = await STARTS[type](KEY);
  await using kit = openKit(envFor(type, fake), { attempts: 1 });
  fake.next(script);
  const reader = new Reader(kit.providers, requestOf("a secret of the user"));
  const end = await reader.fault();
  // A whole answer, whatever it says, leaves its connection for the next one.
  await kit.providers[Symbol.asyncDispose]();
  await fake.quiet();
  const lines = JSON.stringify(kit.log.lines);
  const counted = await kit.metric(`chatbox_llm_errors_total{provider="p1"}`);
  const fault = end.afterText ? (end.cause as typeof end) : end;
  return { end, fault, text: reader.text, lines, counted };
}

const streams = (...parts: string[]): Script => {
  return (exchange) => {
    exchange.events();
    exchange.end(parts.join(""));
  };
};
const cutAfter = (...parts: string[]): Script => {
  return async (exchange) => {
    exchange.events();
    await exchange.write(parts.join(""));
    exchange.cut();
  };
};
const { text, finish, done, error } = openaiSays;

const json = (status: number, body: unknown): Script => {
  return (exchange) => exchange.answer(status, body);
};

describe("a failure is told by status and code, never by words", () => {
  const cases: [string, Type, Script, { kind: string; retry: boolean; counts: boolean }][] = [];
  const add = (
    name: string,
    type: Type,
    script: Script,
    [kind, retry, counts]: [string, boolean, boolean],
  ) => void cases.push([name, type, script, { kind, retry, counts }]);
  for (const status of [408, 409, 425, 500, 502, 504, 599]) {
    add(`${status}`, "openai", json(status, {}), ["failed", true, true]);
  }
  for (const status of [503, 529])
    add(`${status}`, "anthropic", json(status, {}), ["overloaded", true, true]);
  for (const status of [301, 307, 400, 413, 422]) {
    add(`${status}`, "openai", json(status, { error: { message: "status 503 timeout" } }), [
      "refused",
      false,
      false,
    ]);
  }
  for (const status of [401, 402, 403, 404])
    add(`${status}`, "dify", json(status, {}), ["refused", false, true]);
  add("429", "openai", json(429, { error: { code: "rate_limit_exceeded" } }), [
    "rate_limited",
    true,
    true,
  ]);
  add("429 without money left", "openai", json(429, { error: { code: "insufficient_quota" } }), [
    "refused",
    false,
    true,
  ]);
  add("204", "openai", (exchange) => (exchange.head(204), exchange.end()), [
    "garbage",
    false,
    true,
  ]);
  add(
    "a page of HTML with 200",
    "openai",
    (exchange) => {
      exchange.head(200, { "content-type": "text/html" });
      exchange.end("<html>sign in</html>");
    },
    ["garbage", false, true],
  );
  add("no HTTP", "openai", (exchange) => (exchange.raw("SSH-2.0-x\r\n"), exchange.cut()), [
    "garbage",
    false,
    true,
  ]);
  add("a reset before the head", "openai", (exchange) => exchange.cut(), [
    "unreachable",
    true,
    true,
  ]);
  add("an empty stream", "openai", streams(), ["broke_off", true, true]);
  add("a stream cut before its first event", "openai", cutAfter(": hi\n\n"), [
    "broke_off",
    true,
    true,
  ]);
  add("no JSON in an event", "openai", streams("data: {oops\n\n", done()), [
    "garbage",
    false,
    true,
  ]);
  add("JSON of another kind", "openai", streams("data: [1]\n\ndata: 7\n\n"), [
    "garbage",
    false,
    true,
  ]);
  add(
    "a chunk of another shape",
    "openai",
    streams(`data: {"choices":[{"delta":{"content":7}}]}\n\n`),
    ["garbage", false, true],
  );
  add(
    "an event of another shape",
    "anthropic",
    streams(`data: {"type":"content_block_delta"}\n\n`),
    ["garbage", false, true],
  );
  add("a message without an answer", "dify", streams(`data: {"event":"message"}\n\n`), [
    "garbage",
    false,
    true,
  ]);
  add(
    "a line of more than 1 MiB",
    "openai",
    (exchange) => {
      exchange.events();
      void exchange.write(`data: ${"x".repeat(2_000_000)}`);
    },
    ["garbage", false, true],
  );
  add(
    "an event of more than 1 MiB in many lines",
    "dify",
    (exchange) => {
      exchange.events();
      void exchange.write(`data: ${"x".repeat(900)}\n`.repeat(2000));
    },
    ["garbage", false, true],
  );
  add("an error event", "openai", streams(error({ type: "server_error", message: "400" })), [
    "failed",
    true,
    true,
  ]);
  add("an error event with a number", "openai", streams(error({ code: 429, message: "" })), [
    "rate_limited",
    true,
    true,
  ]);
  add("an error event that is text", "openai", streams(error("broken")), ["failed", true, true]);
  add(
    "an overload event",
    "anthropic",
    streams(anthropicSays.start(1), anthropicSays.error("overloaded_error")),
    ["overloaded", true, true],
  );
  add("a refusal event", "anthropic", streams(anthropicSays.error("invalid_request_error")), [
    "refused",
    false,
    false,
  ]);
  add("an error event of Dify", "dify", streams(difySays.error(500, "internal_server_error")), [
    "failed",
    true,
    true,
  ]);
  add("a refusal event of Dify", "dify", streams(difySays.error(400, "invalid_param")), [
    "refused",
    false,
    false,
  ]);

  add(
    "an error event of Anthropic without an error",
    "anthropic",
    streams(`data: {"type":"error"}\n\n`),
    ["failed", true, true],
  );

  test.each(cases)("%s", async (_name, type, script, expected) => {
    const { fault, text: said, lines, counted } = await faultOf(type, script);
    expect({ kind: fault.kind, retry: fault.retry, counts: fault.counts }).toEqual(expected);
    expect(fault.afterText).toBe(false);
    expect(said).toBe("");
    expect(counted).toBe(1);
    expect(lines).not.toContain(KEY);
    expect(lines).not.toContain("a secret of the user");
  });
});

describe("an answer that ends in the middle is never a whole one (T-9)", () => {
  const { start, open, text: words } = anthropicSays;
  const cases: { name: string; type: Type; script: Script; kind: string }[] = [
    {
      name: "closed without [DONE]",
      type: "openai",
      script: streams(text("Hal")),
      kind: "broke_off",
    },
    {
      name: "finished but without [DONE]",
      type: "openai",
      script: streams(text("Hal"), finish()),
      kind: "broke_off",
    },
    {
      name: "cut within an event",
      type: "openai",
      script: streams(text("Hal"), text("lo").slice(0, -30)),
      kind: "broke_off",
    },
    {
      name: "an error event, then [DONE]",
      type: "openai",
      script: streams(text("Hal"), error({ type: "server_error" }), done()),
      kind: "failed",
    },
    {
      name: "garbage, then more",
      type: "openai",
      script: streams(text("Hal"), "data: {oops\n\n", text("lo"), finish(), done()),
      kind: "garbage",
    },
    {
      name: "closed without message_stop",
      type: "anthropic",
      script: streams(start(1), open(), words("Hal")),
      kind: "broke_off",
    },
    {
      name: "an overload event",
      type: "anthropic",
      script: streams(start(1), words("Hal"), anthropicSays.error("overloaded_error")),
      kind: "overloaded",
    },
    {
      name: "closed without message_end",
      type: "dify",
      script: streams(difySays.message("Hal")),
      kind: "broke_off",
    },
    {
      name: "an error event of Dify",
      type: "dify",
      script: streams(difySays.message("Hal"), difySays.error(500, "x"), difySays.end(1, 1)),
      kind: "failed",
    },
    {
      name: "taken back by moderation",
      type: "dify",
      script: streams(difySays.message("Hal"), difySays.replace("no"), difySays.end(1, 1)),
      kind: "refused",
    },
  ];
  test.each(cases)("$type: $name", async ({ type, script, kind }) => {
    const { end, fault, text: said } = await faultOf(type, script);
    expect(said).toBe("Hal");
    expect({ kind: end.kind, afterText: end.afterText }).toEqual({
      kind: "broke_off",
      afterText: true,
    });
    expect(fault.kind).toBe(kind);
  });
});

describe("what an upstream says of its error", () => {
  test("is logged to 1024 bytes, without the key, and not told to clients", async () => {
    const words = `no such key ${KEY}, `.repeat(200);
    const { end, lines } = await faultOf("openai", (exchange) => {
      exchange.head(401, { "content-type": "text/plain" });
      exchange.end(words);
    });
    expect(end.detail?.length).toBeLessThanOrEqual(1024);
    expect(end.detail).toContain("no such key [redacted]");
    expect(lines).toContain("no such key [redacted]");
    expect(lines).not.toContain(KEY.slice(0, 6));
    const told = chatErrorOf(end);
    expect(told.code).toBe("LLM_UNAVAILABLE");
    expect(`${told.message}${end.message}`).not.toContain("no such key");
  });

  test("is not waited for: the status is enough", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake), { attempts: 1 });
    fake.next((exchange) => {
      exchange.head(500);
      return exchange.write("slow");
    });
    const reader = new Reader(kit.providers, requestOf("hi"));
    await kit.clock.waits(1000);
    kit.clock.advance(1000);
    const fault = await reader.fault();
    expect([fault.kind, fault.detail]).toEqual(["failed", "slow"]);
    await fake.quiet();
  });

  test("is not read further, and its connection is closed", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake), { attempts: 1 });
    fake.next((exchange) => {
      exchange.head(500);
      return exchange.write("x".repeat(2000));
    });
    const fault = await new Reader(kit.providers, requestOf("hi")).fault();
    expect([fault.kind, fault.detail?.length]).toEqual(["failed", 1024]);
    await (
      await fake.request(1)
    ).closed;
    expect(kit.clock.pending).toBe(0);
  });

  test("never has the beginning of a key at its end", async () => {
    const { end } = await faultOf("openai", (exchange) => {
      exchange.head(400);
      exchange.end(`${"x".repeat(1014)}${KEY}`);
    });
    expect(end.detail).toBe(`${"x".repeat(1014)}[redacted]`);
  });
});

describe("a key in a file", () => {
  const cases = [
    { name: "that is not there", text: undefined },
    { name: "that no header takes", text: "two\nlines" },
  ];
  test.each(cases)("$name is a refusal, which a readiness check shows", async ({ text: key }) => {
    await using fake = await startFakeOpenai(KEY);
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-key-"));
    const path = join(folder.path, "key");
    if (key !== undefined) writeFileSync(path, key);
    await using kit = openKit({
      ...envFor("openai", fake),
      LLM_PROVIDER_1_API_KEY: "",
      LLM_PROVIDER_1_API_KEY_FILE: path,
    });
    expect((await new Reader(kit.providers, requestOf("hi")).fault()).kind).toBe("refused");
    expect(kit.providers.checks().status).toBe("not ready");
    expect(fake.requests).toHaveLength(0);
    writeFileSync(path, `${KEY}\n`);
    expect(await new Reader(kit.providers, requestOf("hi")).end).toBeUndefined();
    expect(kit.providers.checks().status).toBe("ready");
  });
});

describe("a redirect", () => {
  test("is a refusal: the key goes nowhere else", async () => {
    await using other = await startFakeOpenai(KEY);
    const { fault } = await faultOf("openai", (exchange) => {
      exchange.head(307, { location: `${other.origin}/v1/chat/completions` });
      exchange.end();
    });
    expect([fault.kind, fault.status]).toEqual(["refused", 307]);
    expect(other.requests).toHaveLength(0);
  });
});
