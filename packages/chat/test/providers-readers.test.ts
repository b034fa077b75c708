import { describe, expect, test } from "vitest";
import {
  openaiSays,
  openaiStream,
  startFakeOpenai,
  type FakeUpstream,
  type Script,
} from "../src/testing/index.ts";
import { KEY, openKit, providerEnv, Reader, requestOf } from "./_providers-kit.ts";

const { text } = openaiSays;

function envFor(fake: FakeUpstream) {
  return providerEnv(1, { TYPE: "openai", ENDPOINT: `${fake.origin}/v1`, MODEL: "m" });
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
      await using kit = openKit(envFor(fake));
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
    await using kit = openKit(envFor(fake));
    const signal = AbortSignal.abort(new Error("gone"));
    const answer = kit.providers.answer(
      { modelId: undefined, isAlone: false, request: requestOf("hi") },
      signal,
    );
    await expect(Array.fromAsync(answer)).rejects.toThrow("gone");
    expect(fake.requests).toHaveLength(0);
  });

  test("without a word closes the upstream at once", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor(fake));
    fake.next((exchange) => (exchange.events(), exchange.write(text("Hal"))));
    const signal = new AbortController().signal;
    const answer = kit.providers.answer(
      { modelId: undefined, isAlone: false, request: requestOf("hi") },
      signal,
    );
    for await (const event of answer) if (event.type === "text") break;
    await (
      await fake.request(1)
    ).closed;
    await fake.quiet();
    expect(kit.clock.pending).toBe(0);
  });

  test("while it reads nothing closes the upstream at once", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor(fake));
    fake.next((exchange) => (exchange.events(), exchange.write(text("Hal").repeat(100))));
    const stop = new AbortController();
    const answer = kit.providers.answer(
      { modelId: undefined, isAlone: false, request: requestOf("hi") },
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
    await using kit = openKit(envFor(fake));
    const piece = text("x".repeat(1000)).repeat(50);
    let written = 0;
    const { promise: isStuck, resolve: stuck } = Promise.withResolvers<void>();
    fake.next(async (exchange) => {
      exchange.events();
      for (; written < 2000; written++) {
        // oxlint-disable-next-line no-await-in-loop -- as fast as the other side takes it
        if (!(await Promise.race([exchange.write(piece), stillAfter(200, stuck)]))) return;
      }
    });
    const stop = new AbortController();
    const answer = kit.providers.answer(
      { modelId: undefined, isAlone: false, request: requestOf("hi") },
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
  await using kit = openKit(envFor(fake));
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

test("an answer without an end is ended, and what there is of it stays", async () => {
  await using fake = await startFakeOpenai(KEY);
  await using kit = openKit(envFor(fake));
  const piece = text("x".repeat(60_000));
  fake.next(async (exchange) => {
    exchange.events();
    // oxlint-disable-next-line no-await-in-loop -- for as long as somebody listens
    while (await exchange.write(piece));
  });
  const reader = new Reader(kit.providers, requestOf("hi"));
  const end = await reader.fault();
  expect([end.kind, end.afterText, (end.cause as typeof end).kind]).toEqual([
    "broke_off",
    true,
    "garbage",
  ]);
  expect(reader.text.length).toBeLessThanOrEqual(1_048_576);
  await fake.quiet();
});

test("a connection that is lost in the middle of an answer breaks it off", async () => {
  await using fake = await startFakeOpenai(KEY);
  await using kit = openKit(envFor(fake));
  fake.next((exchange) => (exchange.events(), exchange.write(text("Hal"))));
  const reader = new Reader(kit.providers, requestOf("hi"));
  await reader.until((event) => event.type === "text");
  (await fake.request(1)).cut();
  const end = await reader.fault();
  expect([end.kind, end.afterText, reader.text]).toEqual(["broke_off", true, "Hal"]);
  expect(fake.requests).toHaveLength(1);
});
