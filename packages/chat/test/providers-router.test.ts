import { describe, expect, test } from "vitest";
import { chatErrorOf } from "../src/providers/provider-error.ts";
import { openaiSays, openaiStream, startFakeOpenai, type Script } from "../src/testing/index.ts";
import type { FakeUpstream } from "../src/testing/index.ts";
import { KEY, openKit, providerEnv, Reader, requestOf, WALL_MS } from "./_providers-kit.ts";

const status = (code: number, headers: Record<string, string> = {}): Script => {
  return (exchange) => exchange.answer(code, {}, headers);
};
const broken: Script = async (exchange) => {
  exchange.events();
  await exchange.write(openaiSays.text("Hal"));
  exchange.end();
};

function env(n: number, fake: FakeUpstream, more: Record<string, string> = {}) {
  return providerEnv(n, { TYPE: "openai", ENDPOINT: `${fake.origin}/v1`, MODEL: `m${n}`, ...more });
}

async function two() {
  const first = await startFakeOpenai(KEY);
  const second = await startFakeOpenai(KEY);
  return { first, second, env: { ...env(1, first), ...env(2, second) } };
}

describe("retries before the first token", () => {
  test("are three tries, with pauses spread under 1 s and 2 s", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake));
    fake.next(status(503));
    fake.next(status(500));
    const reader = new Reader(kit.providers, requestOf("hi"));
    await kit.clock.waits(500);
    kit.clock.advance(500);
    await kit.clock.waits(1000);
    await reader.until((event) => event.type === "waiting" && event.ms === 1000);
    kit.clock.advance(1000);
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("You said: hi");
    expect(reader.events.filter(({ type }) => type === "attempt" || type === "waiting")).toEqual([
      { type: "attempt", number: 1, provider: P1, because: "default", from: undefined },
      { type: "waiting", ms: 500, provider: P1, because: "overloaded" },
      { type: "attempt", number: 2, provider: P1, because: "retried", from: undefined },
      { type: "waiting", ms: 1000, provider: P1, because: "failed" },
      { type: "attempt", number: 3, provider: P1, because: "retried", from: undefined },
    ]);
    expect(await kit.metric(`chatbox_llm_requests_total{provider="p1"}`)).toBe(3);
    expect(await kit.metric(`chatbox_llm_errors_total{provider="p1"}`)).toBe(2);
  });
  const P1 = { id: "p1", name: "Provider 1", model: "m1" };

  const waits = [
    { name: "seconds", headers: { "retry-after": "7" }, ms: 7000 },
    {
      name: "a date",
      headers: { "retry-after": new Date(WALL_MS + 9000).toUTCString() },
      ms: 9000,
    },
    { name: "milliseconds", headers: { "retry-after-ms": "250", "retry-after": "1" }, ms: 250 },
    {
      name: "a date that has passed",
      headers: { "retry-after": new Date(WALL_MS - 9000).toUTCString() },
      ms: 0,
    },
    { name: "nonsense", headers: { "retry-after": "soon" }, ms: 0 },
  ];
  test.each(waits)(
    "wait as Retry-After says in $name, and a little for others",
    async ({ headers, ms }) => {
      await using fake = await startFakeOpenai(KEY);
      await using kit = openKit(env(1, fake));
      fake.next(status(429, headers));
      const reader = new Reader(kit.providers, requestOf("hi"));
      await kit.clock.waits(ms + 500);
      kit.clock.advance(ms + 500);
      expect(await reader.end).toBeUndefined();
      expect(fake.requests).toHaveLength(2);
    },
  );

  test("give way to another provider where Retry-After is too long", async () => {
    const both = await two();
    await using first = both.first;
    await using second = both.second;
    await using kit = openKit(both.env);
    first.next(status(429, { "retry-after": "31" }));
    const reader = new Reader(kit.providers, requestOf("hi"));
    expect(await reader.end).toBeUndefined();
    expect(reader.attempts).toEqual(["p1 default", "p2 failed_over"]);
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  test("that nobody else can answer say when to come back", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake));
    fake.next(status(429, { "retry-after": "600" }));
    const fault = await new Reader(kit.providers, requestOf("hi")).fault();
    expect(fault.kind).toBe("rate_limited");
    expect(chatErrorOf(fault)).toMatchObject({ code: "LLM_UNAVAILABLE", retryAfterMs: 600_000 });
  });

  test("end with the time of the whole answer", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake), { wholeMs: 400 });
    fake.next(status(503));
    expect((await new Reader(kit.providers, requestOf("hi")).fault()).kind).toBe("overloaded");
    expect(fake.requests).toHaveLength(1);
  });

  test("are not made of refusals", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake));
    fake.next(status(400));
    expect((await new Reader(kit.providers, requestOf("hi")).fault()).kind).toBe("refused");
    expect(fake.requests).toHaveLength(1);
  });

  test("stop with the reader, in the middle of a pause", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake));
    fake.next(status(503));
    const reader = new Reader(kit.providers, requestOf("hi"));
    await kit.clock.waits(500);
    const reason = new Error("stopped");
    reader.stop(reason);
    expect(await reader.end).toBe(reason);
    expect(kit.clock.pending).toBe(0);
  });

  test("are made after a silence where nobody else is there", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake));
    fake.next((exchange) => exchange.events());
    const reader = new Reader(kit.providers, requestOf("hi"));
    await fake.request(1);
    await kit.clock.waits(30_000);
    kit.clock.advance(30_000);
    await kit.clock.waits(500);
    kit.clock.advance(500);
    expect(await reader.end).toBeUndefined();
    expect(reader.attempts).toEqual(["p1 default", "p1 retried"]);
  });
});

describe("fail-over", () => {
  test("goes from the chosen provider to the others in their order, and says so", async () => {
    const both = await two();
    await using first = both.first;
    await using second = both.second;
    await using kit = openKit(both.env);
    second.next(status(401));
    const reader = new Reader(kit.providers, requestOf("hi"), "p2");
    expect(await reader.end).toBeUndefined();
    expect(reader.attempts).toEqual(["p2 chosen", "p1 failed_over"]);
    expect(reader.events.findLast(({ type }) => type === "attempt")).toMatchObject({
      from: "p2",
      number: 2,
    });
    expect(reader.text).toBe("You said: hi");
    expect(first.requests).toHaveLength(1);
    expect(kit.log.lines.some(({ msg }) => msg === "LLM failed over")).toBe(true);
  });

  test("comes at once after a silence", async () => {
    const both = await two();
    await using first = both.first;
    await using second = both.second;
    await using kit = openKit(both.env);
    first.next((exchange) => exchange.events());
    const reader = new Reader(kit.providers, requestOf("hi"));
    await first.request(1);
    await kit.clock.waits(30_000);
    kit.clock.advance(30_000);
    expect(await reader.end).toBeUndefined();
    expect(reader.attempts).toEqual(["p1 default", "p2 failed_over"]);
    await (
      await first.request(1)
    ).closed;
    expect(second.requests).toHaveLength(1);
  });

  test("never splices two models: after text it is over", async () => {
    const both = await two();
    await using first = both.first;
    await using second = both.second;
    await using kit = openKit(both.env);
    first.next(broken);
    const reader = new Reader(kit.providers, requestOf("hi"));
    const fault = await reader.fault();
    expect([fault.kind, fault.afterText, reader.text]).toEqual(["broke_off", true, "Hal"]);
    expect(second.requests).toHaveLength(0);
  });

  test("ends with what was last wrong where all fail", async () => {
    const both = await two();
    await using first = both.first;
    await using second = both.second;
    await using kit = openKit(both.env, { attempts: 1 });
    first.next(status(500));
    second.next(status(429));
    const reader = new Reader(kit.providers, requestOf("hi"));
    expect((await reader.fault()).kind).toBe("rate_limited");
    expect(chatErrorOf(await reader.fault()).code).toBe("LLM_UNAVAILABLE");
  });

  test("a model that is gone from the configuration means the first one (L-2)", async () => {
    const both = await two();
    await using first = both.first;
    await using second = both.second;
    await using kit = openKit(both.env);
    const reader = new Reader(kit.providers, requestOf("hi"), "gpt-4");
    expect(await reader.end).toBeUndefined();
    expect(reader.attempts).toEqual(["p1 default"]);
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
    expect(kit.providers.config("gpt-4").id).toBe("p1");
    expect(kit.providers.models).toEqual([
      { id: "p1", name: "Provider 1" },
      { id: "p2", name: "Provider 2" },
    ]);
  });
});

async function fail(fake: FakeUpstream, kit: ReturnType<typeof openKit>, script: Script) {
  fake.next(script);
  return new Reader(kit.providers, requestOf("hi")).fault();
}
const state = (kit: ReturnType<typeof openKit>) =>
  kit.metric(`chatbox_llm_breaker_state{provider="p1"}`);

describe("the breaker of a provider", () => {
  test("opens after 5 failures in a row, rests 30 s, lets one probe through, and closes", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake), { attempts: 1 });
    // oxlint-disable-next-line no-await-in-loop -- in a row
    for (let i = 0; i < 5; i++) expect((await fail(fake, kit, status(500))).kind).toBe("failed");
    expect(await state(kit)).toBe(1);
    expect(kit.providers.checks()).toMatchObject({
      status: "not ready",
      providers: [{ id: "p1", status: "not ready", breaker: "open", reason: "failed" }],
    });
    expect((await new Reader(kit.providers, requestOf("hi")).fault()).kind).toBe("resting");
    kit.clock.advance(29_999);
    expect((await new Reader(kit.providers, requestOf("hi")).fault()).kind).toBe("resting");
    kit.clock.advance(1);
    fake.next((exchange) => exchange.events());
    const probe = new Reader(kit.providers, requestOf("probe"));
    const exchange = await fake.request(6);
    expect(await state(kit)).toBe(2);
    expect((await new Reader(kit.providers, requestOf("hi")).fault()).kind).toBe("resting");
    exchange.end(openaiStream(["ok"]));
    expect(await probe.end).toBeUndefined();
    expect(await state(kit)).toBe(0);
    expect(kit.providers.checks()).toMatchObject({ status: "ready", reason: undefined });
    expect(fake.requests).toHaveLength(6);
  });

  test("opens again when the probe fails", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake), { attempts: 1 });
    // oxlint-disable-next-line no-await-in-loop -- in a row
    for (let i = 0; i < 5; i++) await fail(fake, kit, status(500));
    kit.clock.advance(30_000);
    await fail(fake, kit, status(500));
    expect(await state(kit)).toBe(1);
    expect((await new Reader(kit.providers, requestOf("hi")).fault()).kind).toBe("resting");
  });

  test("a reader who stops the probe leaves it to the next one", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake), { attempts: 1 });
    // oxlint-disable-next-line no-await-in-loop -- in a row
    for (let i = 0; i < 5; i++) await fail(fake, kit, status(500));
    kit.clock.advance(30_000);
    fake.next((exchange) => exchange.events());
    const probe = new Reader(kit.providers, requestOf("probe"));
    await fake.request(6);
    probe.stop(new Error("gone"));
    await probe.end;
    expect(await new Reader(kit.providers, requestOf("hi")).end).toBeUndefined();
    expect(await state(kit)).toBe(0);
  });

  test("counts answers that break off after text, also one after another", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake), { attempts: 1 });
    // oxlint-disable-next-line no-await-in-loop -- in a row
    for (let i = 0; i < 5; i++) await fail(fake, kit, broken);
    expect(await state(kit)).toBe(1);
  });

  test.each([
    { name: "a wrong key counts", code: 401, opens: 1 },
    { name: "a forbidden key counts", code: 403, opens: 1 },
    { name: "a request that is our fault does not", code: 400, opens: 0 },
  ])("$name", async ({ code, opens }) => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake), { attempts: 1 });
    // oxlint-disable-next-line no-await-in-loop -- in a row
    for (let i = 0; i < 6; i++) await fail(fake, kit, status(code));
    expect(await state(kit)).toBe(opens);
  });

  test("an answer in between starts the count again", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake), { attempts: 1 });
    // oxlint-disable no-await-in-loop -- in a row
    for (let i = 0; i < 4; i++) await fail(fake, kit, status(500));
    expect(await new Reader(kit.providers, requestOf("hi")).end).toBeUndefined();
    for (let i = 0; i < 4; i++) await fail(fake, kit, status(500));
    // oxlint-enable no-await-in-loop
    expect(await state(kit)).toBe(0);
  });

  test("that opens in the middle of retries ends them, and another answers", async () => {
    const both = await two();
    await using first = both.first;
    await using second = both.second;
    await using kit = openKit(both.env, { breakerFailures: 1 });
    first.next(status(500));
    const reader = new Reader(kit.providers, requestOf("hi"));
    expect(await reader.end).toBeUndefined();
    expect(reader.attempts).toEqual(["p1 default", "p2 failed_over"]);
    const next = new Reader(kit.providers, requestOf("again"));
    expect(await next.end).toBeUndefined();
    expect(next.attempts).toEqual(["p2 failed_over"]);
    expect([first.requests.length, second.requests.length]).toEqual([1, 2]);
    expect(kit.providers.checks()).toMatchObject({
      status: "ready",
      reason: "1 of 2 cannot answer",
    });
  });
});

describe("the places of a provider", () => {
  test("are bounded, and so is the queue: who comes then is told so at once", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(env(1, fake), { streams: 1, queue: 1 });
    fake.next((exchange) => exchange.events());
    const first = new Reader(kit.providers, requestOf("one"));
    const exchange = await fake.request(1);
    const second = new Reader(kit.providers, requestOf("two"));
    await second.until(({ type }) => type === "attempt");
    expect(await kit.metric(`chatbox_llm_queue_depth{provider="p1"}`)).toBe(1);
    const fault = await new Reader(kit.providers, requestOf("three")).fault();
    expect([fault.kind, chatErrorOf(fault).code]).toEqual(["busy", "LLM_UNAVAILABLE"]);
    expect(fake.requests).toHaveLength(1);
    exchange.end(openaiStream(["done"]));
    expect(await first.end).toBeUndefined();
    expect(await second.end).toBeUndefined();
    expect(second.text).toBe("You said: two");
    expect(await kit.metric(`chatbox_llm_streams{provider="p1"}`)).toBe(0);
    expect(await kit.metric(`chatbox_llm_queue_depth{provider="p1"}`)).toBe(0);
  });

  test("that are all taken here are no reason not to ask another", async () => {
    const both = await two();
    await using first = both.first;
    await using second = both.second;
    await using kit = openKit(both.env, { streams: 1, queue: 0 });
    first.next((exchange) => exchange.events());
    const holder = new Reader(kit.providers, requestOf("one"));
    await first.request(1);
    const reader = new Reader(kit.providers, requestOf("two"));
    expect(await reader.end).toBeUndefined();
    expect(reader.attempts).toEqual(["p1 default", "p2 failed_over"]);
    expect(second.requests).toHaveLength(1);
    holder.stop(new Error("enough"));
    await holder.end;
  });
});

describe("the check of readiness (T-48)", () => {
  test("knows a wrong key before somebody asks, and a right one afterwards", async () => {
    await using fake = await startFakeOpenai("another key");
    await using kit = openKit(env(1, fake), { probeEveryMs: 60_000 });
    await kit.log.line(({ msg }) => msg === "LLM probe failed");
    expect(kit.providers.checks()).toEqual({
      status: "not ready",
      providers_count: 1,
      reason: "1 of 1 cannot answer",
      providers: [{ id: "p1", status: "not ready", breaker: "closed", reason: "refused" }],
    });
    const probe = await fake.request(1);
    expect([probe.method, probe.path]).toEqual(["GET", "/v1/models"]);
    fake.next((exchange) => exchange.answer(404, {}));
    await kit.clock.waits(60_000);
    kit.clock.advance(60_000);
    await fake.request(2);
    await kit.clock.waits(60_000);
    expect(kit.providers.checks().status).toBe("ready");
  });
});
