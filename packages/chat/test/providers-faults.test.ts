import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { describe, expect, test } from "vitest";
import { chatErrorOf } from "../src/providers/provider-error.ts";
import {
  anthropicSays,
  difySays,
  openaiSays,
  openaiStream,
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

describe("a failure is told by status and code, never by words", () => {
  const json = (status: number, body: unknown): Script => {
    return (exchange) => exchange.answer(status, body);
  };
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

test("a connection that is lost in the middle of an answer breaks it off", async () => {
  await using fake = await startFakeOpenai(KEY);
  await using kit = openKit(envFor("openai", fake));
  fake.next((exchange) => (exchange.events(), exchange.write(text("Hal"))));
  const reader = new Reader(kit.providers, requestOf("hi"));
  await reader.until((event) => event.type === "text");
  (await fake.request(1)).cut();
  const end = await reader.fault();
  expect([end.kind, end.afterText, reader.text]).toEqual(["broke_off", true, "Hal"]);
  expect(fake.requests).toHaveLength(1);
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

  test("never has the beginning of a key at its end", async () => {
    const { end } = await faultOf("openai", (exchange) => {
      exchange.head(400);
      exchange.end(`${"x".repeat(1014)}${KEY}`);
    });
    expect(end.detail).toBe(`${"x".repeat(1014)}[redacted]`);
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

describe("time", () => {
  async function timed(
    script: Script,
    act: (kit: ReturnType<typeof openKit>, fake: FakeUpstream, reader: Reader) => unknown,
  ) {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake), { attempts: 1 });
    fake.next(script);
    const reader = new Reader(kit.providers, requestOf("hi"));
    const exchange = await fake.request(1);
    await act(kit, fake, reader);
    const end = await reader.fault();
    // Cut at once, not by the server's closing.
    await exchange.closed;
    await fake.quiet();
    expect(kit.clock.pending).toBe(0);
    return { end, code: chatErrorOf(end).code, text: reader.text };
  }

  test("to the first token is 30 s, also after a head and pings", async () => {
    const { end, code } = await timed(
      (exchange) => {
        exchange.events();
        return exchange.write(": ping\n\n" + openaiSays.start());
      },
      async ({ clock }) => {
        await clock.waits(30_000);
        clock.advance(29_999);
        expect(clock.pending).toBeGreaterThan(0);
        clock.advance(1);
      },
    );
    expect([end.kind, end.afterText, code]).toEqual(["timeout_first_token", false, "LLM_TIMEOUT"]);
  });

  test("between tokens is 30 s, whatever else comes", async () => {
    const {
      end,
      code,
      text: said,
    } = await timed(
      (exchange) => {
        exchange.events();
        return exchange.write(text("Hal") + ": ping\n\n".repeat(3));
      },
      async ({ clock }, _fake, reader) => {
        await reader.until((event) => event.type === "text");
        await clock.waits(30_000);
        clock.advance(30_000);
      },
    );
    expect([end.kind, end.afterText, said, code]).toEqual([
      "broke_off",
      true,
      "Hal",
      "LLM_TIMEOUT",
    ]);
    expect((end.cause as typeof end).kind).toBe("stalled");
  });

  test("of the whole is 120 s, however steadily it drips (T-8)", async () => {
    const { end, code } = await timed(
      async (exchange) => {
        exchange.events();
        // oxlint-disable-next-line no-await-in-loop -- a drip
        while (await exchange.write(text("x")));
      },
      async ({ clock }, _fake, reader) => {
        for (let i = 1; i <= 6; i++) {
          // oxlint-disable-next-line no-await-in-loop -- one after another is what it is for
          await reader.until(() => reader.text.length > i);
          clock.advance(20_000);
        }
      },
    );
    expect([end.kind, end.afterText, code]).toEqual(["broke_off", true, "LLM_TIMEOUT"]);
    expect((end.cause as typeof end).kind).toBe("timeout_whole");
  });

  test("goes on for a model that shows its reasoning", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake));
    fake.next(async (exchange) => {
      exchange.events();
      await exchange.write(openaiSays.reasoning("hm"));
    });
    const reader = new Reader(kit.providers, requestOf("hi"));
    const exchange = await fake.request(1);
    await reader.until((event) => event.type === "working");
    await kit.clock.waits(30_000);
    kit.clock.advance(20_000);
    await exchange.write(openaiSays.reasoning("hm"));
    await reader.until(() => reader.events.filter(({ type }) => type === "working").length === 2);
    await kit.clock.waits(30_000);
    kit.clock.advance(20_000);
    exchange.end(text("done") + finish() + done());
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("done");
  });

  test("in which the reader is slow is not the model's", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake), { wholeMs: 10_000_000 });
    const answer = kit.providers.answer(
      { modelId: undefined, request: requestOf("one two three") },
      new AbortController().signal,
    );
    let said = "";
    for await (const event of answer) {
      if (event.type === "text") said += event.text;
      kit.clock.advance(60_000);
    }
    expect(said).toBe("You said: one two three");
  });
});

describe("connecting", () => {
  test("has 10 s, with TLS", async () => {
    const server = await listening(createServer());
    const { port } = server.address() as AddressInfo;
    await using kit = openKit(
      providerEnv(1, { TYPE: "openai", ENDPOINT: `https://127.0.0.1:${port}/v1`, MODEL: "m" }),
      { attempts: 1 },
    );
    const connected = once(server, "connection");
    const reader = new Reader(kit.providers, requestOf("hi"));
    const [socket] = await connected;
    socket.resume();
    const gone = once(socket, "close");
    await kit.clock.waits(10_000);
    kit.clock.advance(10_000);
    expect((await reader.fault()).kind).toBe("timeout_connect");
    await gone;
    expect(kit.clock.pending).toBe(0);
    server.close();
  });

  test("to nobody is unreachable", async () => {
    const server = await listening(createServer());
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    await using kit = openKit(
      providerEnv(1, { TYPE: "openai", ENDPOINT: `http://127.0.0.1:${port}/v1`, MODEL: "m" }),
      { attempts: 1 },
    );
    const fault = await new Reader(kit.providers, requestOf("hi")).fault();
    expect([fault.kind, fault.message]).toEqual(["unreachable", "not reached: ECONNREFUSED"]);
    expect(kit.providers.checks()).toMatchObject({
      status: "not ready",
      providers: [{ id: "p1", status: "not ready", reason: "unreachable" }],
    });
  });

  test("is done again where an idle connection turns out to be closed", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake), { attempts: 1 });
    await new Reader(kit.providers, requestOf("one")).end;
    await (await fetch(fake.origin, { headers: { connection: "close" } })).text();
    fake.next((exchange) => exchange.cut());
    const reader = new Reader(kit.providers, requestOf("two"));
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("You said: two");
    const [one, , cut, two] = fake.requests;
    expect([one?.port === cut?.port, cut?.port === two?.port]).toEqual([true, false]);
  });
});

async function listening(server: Server): Promise<Server> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

describe("a reader that leaves", () => {
  const phases: { name: string; script: Script; seen: boolean }[] = [
    { name: "before the head", script: () => {}, seen: false },
    { name: "after the head", script: (exchange) => exchange.events(), seen: false },
    {
      name: "in the middle of the text",
      script: (exchange) => (exchange.events(), exchange.write(text("Hal"))),
      seen: true,
    },
  ];
  test.each(phases)(
    "by its signal, $name, closes the upstream at once",
    async ({ script, seen }) => {
      await using fake = await startFakeOpenai(KEY);
      await using kit = openKit(envFor("openai", fake));
      fake.next(script);
      const reader = new Reader(kit.providers, requestOf("hi"));
      const exchange = await fake.request(1);
      if (seen) await reader.until((event) => event.type === "text");
      const reason = new Error("stopped by the user");
      reader.stop(reason);
      expect(await reader.end).toBe(reason);
      await exchange.closed;
      await fake.quiet();
      expect(kit.clock.pending).toBe(0);
      expect(await kit.metric(`chatbox_llm_errors_total{provider="p1"}`)).toBe(0);
      expect(await kit.metric(`chatbox_llm_streams{provider="p1"}`)).toBe(0);
    },
  );

  test("by its signal before it began asks nobody", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake));
    const signal = AbortSignal.abort(new Error("gone"));
    const answer = kit.providers.answer({ modelId: undefined, request: requestOf("hi") }, signal);
    await expect(Array.fromAsync(answer)).rejects.toThrow("gone");
    expect(fake.requests).toHaveLength(0);
  });

  test("without a word closes the upstream at once", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake));
    fake.next((exchange) => (exchange.events(), exchange.write(text("Hal"))));
    const signal = new AbortController().signal;
    const answer = kit.providers.answer({ modelId: undefined, request: requestOf("hi") }, signal);
    for await (const event of answer) if (event.type === "text") break;
    await (
      await fake.request(1)
    ).closed;
    await fake.quiet();
    expect(kit.clock.pending).toBe(0);
  });

  test("while it reads nothing closes the upstream at once", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake));
    fake.next((exchange) => (exchange.events(), exchange.write(text("Hal").repeat(100))));
    const stop = new AbortController();
    const answer = kit.providers.answer(
      { modelId: undefined, request: requestOf("hi") },
      stop.signal,
    );
    const events = answer[Symbol.asyncIterator]();
    while ((await events.next()).value?.type !== "text");
    stop.abort(new Error("stopped"));
    await (
      await fake.request(1)
    ).closed;
    await expect(events.next()).rejects.toThrow("stopped");
  });
});

describe("a slow reader", () => {
  test("slows the upstream down instead of filling the memory", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor("openai", fake));
    const piece = text("x".repeat(1000)).repeat(50);
    let written = 0;
    let stuck = () => {};
    const isStuck = new Promise<void>((resolve) => (stuck = resolve));
    fake.next(async (exchange) => {
      exchange.events();
      for (; written < 2000; written++) {
        // oxlint-disable-next-line no-await-in-loop -- as fast as the other side takes it
        if (!(await Promise.race([exchange.write(piece), stillAfter(200, stuck)]))) return;
      }
    });
    const stop = new AbortController();
    const answer = kit.providers.answer(
      { modelId: undefined, request: requestOf("hi") },
      stop.signal,
    );
    const events = answer[Symbol.asyncIterator]();
    while ((await events.next()).value?.type !== "text");
    await isStuck;
    // What the two sockets' buffers hold, of 100 MB.
    expect(written * piece.length).toBeLessThan(20_000_000);
    stop.abort(new Error("enough"));
    await fake.quiet();
  });
});

/** Rounds of the event loop without a drain: long enough to be sure that none comes. */
async function stillAfter(rounds: number, then: () => void): Promise<boolean> {
  for (let i = 0; i < rounds; i++) {
    // oxlint-disable-next-line no-await-in-loop -- rounds
    await new Promise((resolve) => setImmediate(resolve));
  }
  then();
  return false;
}

test("a whole stream in one piece is an answer", async () => {
  await using fake = await startFakeOpenai(KEY);
  await using kit = openKit(envFor("openai", fake));
  fake.next((exchange) => {
    exchange.events();
    exchange.end(openaiStream(["a", "b"]));
  });
  const reader = new Reader(kit.providers, requestOf("hi"));
  expect(await reader.end).toBeUndefined();
  expect(await kit.metric(`chatbox_llm_requests_total{provider="p1"}`)).toBe(1);
  expect(await kit.metric(`chatbox_llm_latency_seconds_count{provider="p1"}`)).toBe(1);
  expect(await kit.metric(`chatbox_tokens_used_total{provider="p1"}`)).toBe(9);
});
