// Instances in one process that hand one another the answers which functions bring.
import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { AnswerRelay } from "../src/instances/answer-relay.ts";
import { MemoryFanOuts } from "../src/live/memory-fan-out.ts";
import { NO_HINTS } from "../src/live/no-hints.ts";
import { FunctionAnswers } from "../src/providers/function-answers.ts";
import type { RunState } from "../src/runs/run-event.ts";
import { NO_EVENTS } from "./_ties-kit.ts";

const SESSION = "5".repeat(32);
const KEY = { userId: "alice", sessionId: SESSION };

/** Two instances: the first writes the answer, and waits for its function. */
function cluster({ hints = true, isWritten = true } = {}) {
  const all = new MemoryFanOuts();
  const clock = virtualClock();
  let asks = 0;
  const open = () => {
    const answers = new FunctionAnswers(`secret ${++asks}`);
    const fanOut = hints ? all.open((key, hint) => heard(key, hint), NO_EVENTS) : NO_HINTS;
    const relay = new AnswerRelay({
      answers,
      runs: { of: async () => (isWritten ? ({ runId: "r" } as RunState) : undefined) },
      owner: async (sessionId) => (sessionId === SESSION ? KEY : undefined),
      fanOut,
      isShared: true,
      clock,
      newId: () => `ask-${++asks}`,
    });
    const heard: Parameters<MemoryFanOuts["open"]>[0] = (key, hint) => {
      if (hint.kind === "answer" || hint.kind === "answered") relay.heard(key, hint);
    };
    return { answers, fanOut, relay };
  };
  const [one, other] = [open(), open()];
  // As whoever writes the answer does.
  one.fanOut.follow(SESSION);
  const waiting = one.answers.expect("r");
  const answer = (more: object = {}) => ({
    source: "/fn",
    id: "e1",
    runKey: one.answers.keyOf("r"),
    conversationId: SESSION,
    text: "Good day.",
    ...more,
  });
  return { one, other, waiting, answer, clock };
}
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe("an answer that a function brings to an instance that does not wait for it", () => {
  test("is given to the one that does, and once", async () => {
    const { one, other, waiting, answer, clock } = cluster();
    expect(await other.relay.receive(answer())).toBe("delivered");
    expect(await waiting.answer).toBe("Good day.");
    expect(await other.relay.receive(answer())).toBe("duplicate");
    expect(await one.relay.receive(answer())).toBe("duplicate");
    expect(clock.pending).toBe(0);
  });

  test("is to be brought again where it is not known that it was taken", async () => {
    const { one, other, answer, clock } = cluster();
    const forged = other.relay.receive(answer({ runKey: "r" }));
    const refused = expect(forged).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      retryAfterMs: 1_000,
    });
    await settled();
    clock.advance(2_000);
    await refused;
    expect(one.answers.waiting).toBe(1);
  });

  test.each([
    { name: "without Redis", hints: false, more: {}, says: /without Redis/ },
    {
      name: "where it is very long",
      hints: true,
      more: { text: "x".repeat(300_000) },
      says: /large/,
    },
  ])("is to be brought again $name", async ({ hints, more, says }) => {
    const { other, answer } = cluster({ hints });
    await expect(other.relay.receive(answer(more))).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      message: expect.stringMatching(says) as string,
    });
  });

  test("is to be brought again where many are under way, until they are not", async () => {
    const { other, answer, clock } = cluster();
    const many = Array.from({ length: 100 }, () => other.relay.receive(answer({ runKey: "r" })));
    const over = Promise.allSettled(many);
    await settled();
    await expect(other.relay.receive(answer())).rejects.toMatchObject({
      message: expect.stringMatching(/too many/) as string,
    });
    clock.advance(2_000);
    await over;
    expect(await other.relay.receive(answer())).toBe("delivered");
  });

  test.each([
    { name: "no answer is being written", isWritten: false, more: {} },
    { name: "there is no such session", isWritten: true, more: { conversationId: "c" } },
    {
      name: "no session can have that name",
      isWritten: true,
      more: { conversationId: "5".repeat(1_000) },
    },
  ])("is nobody's where $name", async ({ isWritten, more }) => {
    const { other, answer } = cluster({ isWritten });
    expect(await other.relay.receive(answer(more))).toBe("unknown");
  });
});
