import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { Bodies } from "../log/body.ts";
import type { Entry } from "../log/entry.ts";
import { hybridTime } from "../log/hybrid-time.ts";
import type { Said } from "../log/said.ts";
import type { RunState } from "../runs/run-event.ts";
import { lastAnswer } from "./last-answer.ts";

const KEY = { userId: "guest:1", sessionId: "5".repeat(32) };
const NOW_MS = 1_000_000;
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

function message(messageId: string, agoMs: number, body: Partial<Bodies["message"]> = {}): Said {
  const entry = {
    ...KEY,
    origin: "a",
    number: 1,
    hlc: hybridTime(NOW_MS - agoMs),
    kind: "message",
  };
  return {
    kind: "message",
    entry: { ...entry, author: "user:guest:1", clientMessageId: messageId } as unknown as Entry,
    messageId,
    body: { sender: "user", type: "text", content: "hello", ...body },
  };
}
const question = message("q", 0);
const old = message("q", 60_000);
const answer = message("a", 0, {
  sender: "ai",
  answer: { replyTo: "q" } as NonNullable<Bodies["message"]["answer"]>,
});
const run = { runId: "r" } as RunState;

/** A session as it is look by look; the last goes on. */
function session(looks: readonly { run?: RunState; said: Said[] }[]) {
  const clock = virtualClock();
  const stopped: (string | undefined)[] = [];
  let at = -1;
  let ended: unknown = "waiting";
  const over = lastAnswer(
    {
      clock,
      wallClock: () => NOW_MS + clock.now(),
      journal: { latest: async () => ({ said: looks[at]!.said, older: {} }) },
      runs: {
        of: async () => looks[(at = Math.min(at + 1, looks.length - 1))]!.run,
        stop: async (_, runId) => (stopped.push(runId), true),
      },
    },
    KEY,
  );
  over.then(
    () => (ended = "over"),
    (reason: unknown) => (ended = reason),
  );
  const look = async (ms = 50) => {
    clock.advance(ms);
    await settled();
    return ended;
  };
  return { stopped, look };
}

describe("the last answer of a session that is over", () => {
  test.each([
    { name: "its run has gone", looks: [{ run, said: [question] }, { said: [question, answer] }] },
    { name: "it is stored", looks: [{ said: [question] }, { said: [question, answer] }] },
  ])("is waited for until $name", async ({ looks }) => {
    const { look } = session([looks[0]!, looks[0]!, looks[1]!]);
    expect(await look(0)).toBe("waiting");
    expect(await look()).toBe("waiting");
    expect(await look()).toBe("over");
  });

  test("is stopped once where it began as the session ended", async () => {
    const { look, stopped } = session([
      { said: [question] },
      { run, said: [question] },
      { run, said: [question] },
      { said: [question, answer] },
    ]);
    for (let i = 0; i < 3; i++) await look();
    expect(await look()).toBe("over");
    expect(stopped).toEqual(["r"]);
  });

  test.each([
    { name: "nothing was asked", said: [] },
    { name: "it was asked long ago and nobody answers", said: [old] },
    { name: "it is there", said: [question, answer] },
    { name: "none is wanted", said: [message("q", 0, { isUnasked: true })] },
  ])("is not waited for where $name", async ({ said }) => {
    expect(await session([{ said }]).look(0)).toBe("over");
  });

  test("that is not stored in time is no loss: it is to be asked for again", async () => {
    const { look } = session([{ run, said: [question] }]);
    for (let i = 0; i < 100; i++) await look();
    expect(await look()).toMatchObject({ code: "SERVICE_UNAVAILABLE", retryAfterMs: 5_000 });
  });
});
