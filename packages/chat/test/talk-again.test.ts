// What follows upon a message that was stored by a try whose end nobody heard of.
import { ChatError } from "@warren/wire";
import { expect, test } from "vitest";
import { Settling } from "../src/instances/settling.ts";
import { askIfOpen } from "../src/instances/unanswered.ts";
import { Folding } from "../src/sessions/folding.ts";
import { Talk } from "../src/sessions/talk.ts";
import type { Asked } from "../src/runs/run.ts";
import { MemorySessions } from "../src/store/memory/memory-sessions.ts";
import { openInstance } from "./_chat-kit.ts";
import { ALICE } from "./_log-facts.ts";

const alice = { userId: "alice", name: "Alice", isAdmin: false };

async function talking(before: (asked: Asked) => Promise<void> = async () => {}) {
  const { log, journal } = await openInstance();
  const sessions = new MemorySessions();
  const failures: unknown[] = [];
  const failed = (cause: unknown) => void failures.push(cause);
  const folding = new Folding({ log, sessions, failed });
  const settling = new Settling();
  settling.moveTo("here");
  const asked: string[] = [];
  const ask = async (one: Asked) => {
    await before(one);
    asked.push(one.messageId);
  };
  const runs = { ask, askIfOpen: ask };
  const talk = new Talk({
    log,
    journal,
    sessions,
    folding,
    runs: runs as never,
    askIfOpen: (key, messageId) =>
      askIfOpen({ journal, folding, runs, wallClock: Date.now }, key, messageId),
    settling,
    patiently: (task) => task(),
    newHalf: () => "0123456789abcdef",
    wallClock: Date.now,
    returnMs: 60_000,
    isErased: async () => false,
    holdFile: async () => true,
    isModel: () => true,
    failed,
  });
  const say = (clientMessageId: string) =>
    talk.message(alice, ALICE, {
      clientMessageId,
      seen: undefined,
      type: "text",
      text: clientMessageId,
      file: undefined,
      metadata: undefined,
      replyTo: undefined,
      isUnasked: false,
    });
  return { log, journal, talk, say, asked, failures, settling };
}

test("a question that was stored though its sender was told of a failure is answered when it comes again", async () => {
  const { log, talk, say, asked, failures } = await talking();
  const append = log.append.bind(log);
  log.append = async (draft) => {
    await append(draft);
    log.append = append;
    throw new ChatError("DATABASE_ERROR", "the store is away: try again");
  };
  await expect(say("first")).rejects.toMatchObject({ code: "DATABASE_ERROR" });
  const again = await say("first");
  expect(again.isRepeated).toBe(true);
  await talk.idle();
  expect(asked).toEqual([again.said.messageId]);
  expect(failures).toEqual([]);
});

test("a question that comes again after its answer, or after a person's, is not answered twice", async () => {
  const { journal, talk, say, asked } = await talking();
  const first = await say("first");
  await talk.idle();
  await journal.say({
    ...ALICE,
    kind: "message",
    author: "admin:bob",
    clientMessageId: "b",
    body: { sender: "admin", type: "text", content: "I am a person", name: "Bob" },
    seen: undefined,
    fence: undefined,
  });
  expect((await say("first")).isRepeated).toBe(true);
  await talk.idle();
  expect(asked).toEqual([first.said.messageId]);
});

test("a conversation is called after its first message, also when the second is answered sooner", async () => {
  const late = Promise.withResolvers<void>();
  const { talk, journal, say } = await talking(({ number }) =>
    number === 1 ? late.promise : Promise.resolve(),
  );
  await Promise.all([say("first"), say("second")]);
  const names = async () =>
    (await journal.after(ALICE, {}, 10)).filter(({ kind }) => kind === "named");
  await expect.poll(names, { interval: 1 }).toHaveLength(1);
  late.resolve();
  await talk.idle();
  expect(await names()).toMatchObject([{ body: { name: "first" } }]);
});
