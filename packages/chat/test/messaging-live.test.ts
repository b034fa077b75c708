// What clients of the messaging dialect are told as it happens: changes of messages, and answers as they are written.
import type { MessagingServerFrame } from "@warren/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Messenger, messagingWorld, type MessagingWorld } from "./_messaging.ts";
import { runningChat, temporaryFolder, tokenOf } from "./_running-chat.ts";
import { device, entry, over, resume, UNLIMITED, wholeLog } from "./_talk-kit.ts";

let world: MessagingWorld;
let users = 0;
let user: string;
let phone: Messenger;
let laptop: Messenger;

beforeAll(async () => {
  world = await messagingWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  user = `person-${++users}`;
  phone = await Messenger.open(world.port, user);
});

/** A second device, which follows the conversation. */
async function both(): Promise<void> {
  laptop = await Messenger.open(world.port, user, "laptop");
  await laptop.settled("c1");
}

type Frame<T extends MessagingServerFrame["type"]> = Extract<MessagingServerFrame, { type: T }>;

function heardBy<T extends MessagingServerFrame["type"]>(client: Messenger, type: T): Frame<T>[] {
  return client.heard.filter((frame): frame is Frame<T> => frame.type === type);
}

const about = (message_id: string) => ({ conversation_id: "c1", message_id });

/** What a client has of the answers that it saw being written, as the offsets say. */
const textOf = (client: Messenger) =>
  heardBy(client, "agent_progress").reduce(
    (text, { payload: { at, content } }) => text.slice(0, at) + content,
    "",
  );

const endsAs = (status: string) => (frame: Frame<"agent_progress">) =>
  frame.payload.status === status;

describe("changes of a message", () => {
  test.each([
    { type: "edit", more: { content: "better words" } },
    { type: "reaction", more: { emoji: "👍" }, told: { emoji: "👍", on: true } },
    { type: "reaction", more: { emoji: "👍", on: false }, told: { emoji: "👍", on: false } },
    { type: "delete", more: {} },
  ] as const)(
    "$type $more is acknowledged to who made it, and told to every other device",
    async ({ type, more, ...want }) => {
      const { payload: said } = await phone.say("c1", "some words");
      await both();
      const payload = { ...about(said.message_id), ...more };
      phone.send({ type, client_message_id: "mine", idempotency_key: "change", payload });
      const ack = await phone.next("message_ack", (one) => one.idempotency_key === "change");
      expect(ack).toMatchObject({ client_message_id: "mine", payload: { status: "sent" } });
      const told = await laptop.next(type);
      expect(told.payload).toEqual({
        ...about(said.message_id),
        sequence_number: ack.payload.sequence_number,
        sender_id: user,
        timestamp: ack.payload.timestamp,
        ...("told" in want ? want.told : more),
      });
      await phone.settled("c1");
      expect(heardBy(phone, type)).toEqual([]);
    },
  );

  test("come from, and go to, clients of the other dialect", async () => {
    const { payload: said } = await phone.say("c1", "some words");
    const session_id = await world.sessionOf(user);
    using desk = await device(world.port, tokenOf(user), "desk");
    await resume(desk, session_id);
    const of = { session_id, message_id: said.message_id };
    desk.send({ type: "edit", ...of, content: "from the desk", client_message_id: "e1" });
    const { payload: told } = await phone.next("edit");
    expect(told).toMatchObject({ message_id: said.message_id, content: "from the desk" });
    const payload = { ...about(said.message_id), content: "from the phone" };
    phone.send({ type: "edit", idempotency_key: "e2", payload });
    await entry(desk, (one) => one.kind === "edit" && one.content === "from the phone");
  });

  test("are refused for another's words, under the client's name for it", async () => {
    const { reply } = await world.answered(phone, "hello", "good day");
    const payload = { ...about(reply.message_id), content: "bad day" };
    phone.send({ type: "edit", client_message_id: "mine", idempotency_key: "k", payload });
    expect(await phone.next("error")).toMatchObject({
      client_message_id: "mine",
      conversation_id: "c1",
      error: { code: "FORBIDDEN", recoverable: true },
    });
  });

  test("of what admins say among themselves are not told to the user", async () => {
    await phone.say("c1", "begins");
    const session_id = await world.sessionOf(user);
    using admin = await device(world.port, tokenOf("boss", ["admin"]), "desk");
    await over(world.port, tokenOf("boss", ["admin"]), ["POST", `/admin/takeover/${session_id}`]);
    admin.send({ type: "note", session_id, content: "careful", client_message_id: "n1" });
    const note = await admin.next("message_ack", (ack) => ack.client_message_id === "n1");
    const { message_id } = note;
    const edit = { type: "edit", session_id, message_id, content: "very careful" };
    admin.send({ ...edit, client_message_id: "n2" });
    await admin.next("message_ack", (ack) => ack.client_message_id === "n2");
    await phone.settled("c1");
    expect(heardBy(phone, "edit")).toEqual([]);
    expect(JSON.stringify(phone.heard)).not.toContain("careful");
  });
});

describe("an answer as it is written", () => {
  test("comes piece by piece, with the name of the message that it will be", async () => {
    const asked = world.question("tell me");
    const { payload: question } = await phone.say("c1", "tell me");
    const answer = await asked;
    await answer.say("Once upon ");
    const { payload: first } = await phone.next("agent_progress");
    expect(first).toMatchObject({
      conversation_id: "c1",
      agent_id: "scripted",
      reply_to_message_id: question.message_id,
      attempt: 1,
      at: 0,
      content: "Once upon ",
    });
    await answer.answer("a time");
    const { payload: message } = await phone.message("Once upon a time");
    expect(message.message_id).toBe(first.message_id);
    const { payload: last } = await phone.next("agent_progress", endsAs("complete"));
    expect(last).toMatchObject({ at: 16, content: "", status: "complete" });
    expect(textOf(phone)).toBe("Once upon a time");
  });

  test("is told from its beginning to a device that comes in the middle", async () => {
    const asked = world.question("go on");
    await phone.say("c1", "go on");
    const answer = await asked;
    await answer.say("The first half, ");
    await phone.next("agent_progress");
    // Before anything more of it is written.
    await both();
    expect(textOf(laptop)).toBe("The first half, ");
    await answer.answer("and the other.");
    await laptop.message("The first half, and the other.");
    expect(textOf(laptop)).toBe("The first half, and the other.");
  });

  test("is stopped from any device, and says so on all", async () => {
    const asked = world.question("stop me");
    await phone.say("c1", "stop me");
    const answer = await asked;
    await answer.say("I could go on for ever");
    await both();
    await phone.next("agent_progress");
    laptop.send({ type: "stop", conversation_id: "c1" });
    const { payload } = await phone.next("message", (one) => one.payload.sender_id === "scripted");
    expect(payload).toMatchObject({
      content: "I could go on for ever",
      answer_status: "stopped",
    });
    await phone.next("agent_progress", endsAs("stopped"));
    await laptop.next("agent_progress", endsAs("stopped"));
  });
});

test("a hundred messages that are acknowledged one by one are a few entries", async () => {
  for (let at = 0; at < 100; at++) await phone.say("c1", `${at}`);
  await both();
  const all = await laptop.retransmit("c1", 1, 1_000);
  const messages = all.filter(({ sender_id, content }) => sender_id === user && content !== "");
  expect(messages).toHaveLength(100);
  for (const { message_id } of messages) {
    laptop.send({ type: "delivery_ack", message_id, timestamp: 1 });
  }
  await laptop.settled("c1");
  const session_id = await world.sessionOf(user);
  using desk = await device(world.port, tokenOf(user), "desk");
  const entries = await wholeLog(desk, session_id);
  const receipts = entries.filter(({ kind }) => kind === "receipt");
  expect(receipts.length).toBeGreaterThan(0);
  expect(receipts.length).toBeLessThan(20);
  const { origin, number } = entries.find((one) => one.message_id === messages.at(-1)!.message_id)!;
  expect(receipts.at(-1)).toMatchObject({ device_id: "laptop", delivered: { [origin]: number } });
});

test("addresses of files elsewhere are not taken where they are not wanted; uploaded ones are", async () => {
  await using folder = await temporaryFolder();
  const store = { kind: "folder", folder: folder.path } as const;
  const sizes = { mostBytes: 1_048_576, quotaBytes: 1_048_576, linkMs: 60_000 };
  const files = { ...sizes, store, allowForeign: false };
  await using running = await runningChat({ rates: UNLIMITED, files });
  const at = `http://127.0.0.1:${running.chat.port}`;
  using client = await Messenger.open(running.chat.port, user);
  const payload = { conversation_id: "c1", content: "", type: "image" };
  const media_url = "https://files.example.com/cat.png";
  client.send({ type: "message", idempotency_key: "k", payload: { ...payload, media_url } });
  expect((await client.next("error")).error.code).toBe("NOT_FOUND");

  const body = new FormData();
  body.append("file", new Blob(["some notes"]), "notes.txt");
  const headers = { authorization: `Bearer ${tokenOf(user)}` };
  const upload = await fetch(`${at}/chat/upload`, { method: "POST", headers, body });
  const { file_url } = (await upload.json()) as { file_url: string };
  // As a client has it that was told a path, and as one that made an address of it.
  for (const url of [file_url, new URL(file_url, at).href]) {
    const ack = await client.say("c1", "", { type: "document", media_url: url });
    expect(ack.payload.status).toBe("sent");
  }
});
