import { expect, test } from "vitest";
import type { SessionDesk } from "../src/api/session-desk.ts";
import { Eraser } from "../src/privacy/eraser.ts";
import { Exporter, type ExporterOptions } from "../src/privacy/export.ts";
import { messageIdOf } from "../src/log/view.ts";
import { teller, world } from "./_privacy-world.ts";

interface Exported {
  sessions: { messages: Record<string, unknown>[] }[];
}

type World = Awaited<ReturnType<typeof world>>;

function exporter(all: World, more: Partial<ExporterOptions> = {}): Exporter {
  const { sessions, journal, options } = all;
  const { files, events, wallClock } = options;
  const desk = { summary: async ({ sessionId }: { sessionId: string }) => ({ id: sessionId }) };
  const shares = { list: async () => [] } as unknown as ExporterOptions["shares"];
  const of = { sessions, journal, files, events, wallClock, shares };
  return new Exporter({ ...of, desk: desk as unknown as SessionDesk, ...more });
}

async function whole(pieces: AsyncIterable<string>): Promise<Exported> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return JSON.parse(text) as Exported;
}

test("a session of any length is exported whole, in order, with what was changed long after", async () => {
  await using all = await world();
  const one = await all.say("alice", 1, 1_200);
  const tell = teller(all.journal, one);
  const messageId = (clientMessageId: string) =>
    messageIdOf({ ...one, author: "user:alice", clientMessageId });
  await tell("edit", "e", { messageId: messageId("m3"), content: "three" });
  await tell("delete", "d", { messageId: messageId("m4") });
  await tell("reaction", "r", { messageId: messageId("m5"), emoji: "x", isOn: true });
  const { sessions } = await whole(exporter(all).of("alice"));
  const { messages } = sessions[0]!;
  const texts = Array.from({ length: 1_200 }, (_, at) => String(at));
  texts.splice(3, 2, "three", "");
  expect(messages.map(({ content }) => content)).toEqual(texts);
  expect(messages[3]).toMatchObject({ edited: true });
  expect(messages[4]).toMatchObject({ deleted: true });
  expect(messages[4]).not.toHaveProperty("file_id");
  expect(messages[5]).toMatchObject({ reactions: { x: ["user:alice"] } });
});

test("a slow reader is waited for: nothing is read ahead of it", async () => {
  await using all = await world();
  for (const number of [1, 2, 3]) await all.say("alice", number);
  let reads = 0;
  const journal = Object.create(all.journal, {
    after: {
      value: (...args: Parameters<typeof all.journal.after>) => {
        reads += 1;
        return all.journal.after(...args);
      },
    },
  }) as typeof all.journal;
  const pieces = exporter(all, { journal }).of("alice");
  // The head, and the first session's summary.
  await pieces.next();
  await pieces.next();
  expect(reads).toBe(0);
  await pieces.return(undefined);
  expect(JSON.stringify(all.lines.lines)).toContain("an export broke off");
});

test("a session that is erased meanwhile ends where it is, and the rest goes on", async () => {
  await using all = await world();
  const first = await all.say("alice", 1);
  await all.say("alice", 2);
  const eraser = new Eraser(all.options);
  let text = "";
  let isErased = false;
  for await (const piece of exporter(all).of("alice")) {
    text += piece;
    if (!isErased && text.includes(first.sessionId)) {
      await eraser.session(first, "user");
      isErased = true;
    }
  }
  const { sessions } = JSON.parse(text) as Exported;
  expect(sessions.map(({ messages }) => messages.length)).toEqual([0, 1]);
});
