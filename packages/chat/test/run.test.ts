// One answer, with a model whose every event is the test's.
import { systemClock } from "@warren/host";
import { expect, test } from "vitest";
import type { AnswerEvent } from "../src/providers/router.ts";
import { Run } from "../src/runs/run.ts";
import type { Saying } from "../src/log/journal.ts";
import { ALICE } from "./_log-facts.ts";

const PRICES: Record<string, { input: number; output: number } | undefined> = {
  dear: { input: 10, output: 30 },
  cheap: { input: 1, output: 2 },
};

function attempt(number: number, id: string): AnswerEvent {
  const provider = { id, name: id, model: "" };
  return { type: "attempt", number, provider, because: "default", from: undefined };
}
const usage = (inputTokens: number, outputTokens: number): AnswerEvent => ({
  type: "usage",
  usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
});

async function answerOf(events: readonly AnswerEvent[]) {
  const stored: Saying<"message">[] = [];
  const run = new Run(
    {
      key: ALICE,
      messageId: "question",
      number: 1,
      atMs: 0,
      attempt: 1,
      controlEpoch: 0,
      modelId: undefined,
      begun: "",
    },
    {
      answers: {
        async *answer() {
          yield* events;
        },
        config: (id = "dear") => ({ id, prices: PRICES[id] }),
      },
      clock: systemClock,
      say: async (saying) => {
        stored.push(saying);
        return undefined as never;
      },
      tell() {},
      ended() {},
      failed: (cause) => expect.unreachable(String(cause)),
    },
  );
  await run.write(async () => undefined as never);
  return stored[0]!.body.answer;
}

test("what tries used that failed is counted, at the prices of who made them", async () => {
  const answer = await answerOf([
    attempt(1, "dear"),
    usage(100, 0),
    attempt(2, "dear"),
    usage(100, 1),
    attempt(3, "cheap"),
    usage(100, 0),
    { type: "text", text: "Hello" },
    usage(100, 20),
  ]);
  expect(answer).toMatchObject({
    modelId: "cheap",
    inputTokens: 300,
    outputTokens: 21,
    totalTokens: 321,
    costMicros: 1_000 + 1_030 + 140,
  });
});

test("an answer of a model without a price costs nothing that is known", async () => {
  const answer = await answerOf([attempt(1, "free"), { type: "text", text: "x" }, usage(1, 1)]);
  expect(answer).toMatchObject({ totalTokens: 2 });
  expect(answer).not.toHaveProperty("costMicros");
});
