import { systemClock } from "@warren/host";
import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { demoExchange } from "./demo.ts";
import { demoAnswer } from "./demo-text.ts";
import type { ProviderRequest, Turn } from "./ports.ts";

const user = (text: string): Turn => ({ role: "user", text, name: undefined });
const request = (history: Turn[], system = ""): ProviderRequest => ({
  system,
  history,
  sessionId: "s",
  userHash: "u",
  runId: "r",
  asked: { messageId: "m", number: 1, atMs: 0 },
});

describe("the demo model", () => {
  test("knows what was said before", () => {
    const history = [user("my cat is Mia"), user("and my dog Rex"), user("What did I say?")];
    expect(demoAnswer(request(history))).toContain("1. “my cat is Mia”\n2. “and my dog Rex”");
    expect(demoAnswer(request([user("what did I say")]))).toContain("**first**");
  });
  test("knows its system prompt", () => {
    expect(demoAnswer(request([user("who are you?")], "You are a pirate."))).toContain(
      "“You are a pirate.”",
    );
  });
  test("knows what a person said before it was asked again", () => {
    const bob: Turn = { role: "person", text: "refund by Friday", name: "Bob" };
    expect(demoAnswer(request([user("?"), bob, user("ok")]))).toContain(
      "Bob told you: “refund by Friday”",
    );
    const ai: Turn = { role: "assistant", text: "fine", name: undefined };
    expect(demoAnswer(request([bob, ai, user("ok")]))).not.toContain("Bob");
  });
  test("answers in markdown, with code and a table when asked for some", () => {
    expect(demoAnswer(request([user("show me code")]))).toMatch(/```ts\n[^]*```[^]*\| ---/);
  });
  test("answers to anything, also to nothing", () => {
    expect(demoAnswer(request([user("xyzzy")]))).toContain("“xyzzy” (1 word)");
    expect(demoAnswer(request([]))).not.toBe("");
    expect(demoAnswer(request([user("😀".repeat(5000))])).isWellFormed()).toBe(true);
  });

  test("streams the whole answer at 30 to 60 tokens a second, and counts them", async () => {
    const clock = virtualClock();
    const asked = request([user("hello")]);
    const demo = demoExchange({ clock, random: () => 0.5 });
    let text = "";
    let tokens = 0;
    const events = demo.stream(asked, new AbortController().signal)[Symbol.asyncIterator]();
    for (;;) {
      const next = events.next();
      clock.advance(tokens === 0 ? 200 : 25);
      // oxlint-disable-next-line no-await-in-loop -- a stream
      const { done, value } = await next;
      if (done === true) break;
      if (value.type === "text") {
        text += value.text;
        tokens += 1;
      } else if (value.type === "usage") {
        expect(value.usage).toEqual({
          inputTokens: 1,
          outputTokens: tokens,
          totalTokens: tokens + 1,
        });
      }
    }
    expect(text).toBe(demoAnswer(asked));
    expect(tokens).toBeGreaterThan(30);
  });

  test("stops at once", async () => {
    const stop = new AbortController();
    const demo = demoExchange({ clock: virtualClock(), random: () => 0 });
    const answer = Array.fromAsync(demo.stream(request([user("hi")]), stop.signal));
    stop.abort(new Error("stopped"));
    await expect(answer).rejects.toThrow("stopped");
  });

  test("needs no more than a clock", async () => {
    const demo = demoExchange({ clock: systemClock, random: () => 0 });
    await expect(demo.probe(new AbortController().signal)).resolves.toBeUndefined();
  });
});
