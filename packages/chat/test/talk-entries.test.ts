import { randomUUID } from "node:crypto";
import type { ServerFrames, WireEntry } from "@warren/wire";
import { expect, test } from "vitest";
import type { Client } from "./_running-chat.ts";
import { runningChat, tokenOf } from "./_running-chat.ts";
import {
  device,
  entriesOf,
  entry,
  over,
  refusal,
  resume,
  say,
  scriptedModel,
  UNLIMITED,
  wholeLog,
} from "./_talk-kit.ts";

const alice = tokenOf("alice");
/** A chat whose model says only what a test lets it say, and two devices of one user in one session. */
async function twoDevices() {
  const opened = new AsyncDisposableStack();
  const model = opened.use(await scriptedModel());
  const running = opened.use(await runningChat({ providers: [model.provider], rates: UNLIMITED }));
  const { port } = running.chat;
  const phone = opened.use(await device(port, alice, "phone"));
  const { session_id } = await say(phone, "first");
  const laptop = opened.use(await device(port, alice, "laptop"));
  await resume(laptop, session_id);
  return {
    model,
    port,
    phone,
    laptop,
    session_id,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type World = Awaited<ReturnType<typeof twoDevices>>;

const CHANGES: {
  name: string;
  /** What the phone says of its first message. */
  frame: (messageId: string) => object;
  /** What the laptop hears. */
  heard: (messageId: string) => Partial<WireEntry>;
}[] = [
  {
    name: "an edit",
    frame: (message_id) => ({ type: "edit", message_id, content: "second thoughts" }),
    heard: (target_id) => ({ kind: "edit", target_id, content: "second thoughts" }),
  },
  {
    name: "a deletion",
    frame: (message_id) => ({ type: "delete", message_id }),
    heard: (target_id) => ({ kind: "delete", target_id }),
  },
  {
    name: "a reaction",
    frame: (message_id) => ({ type: "reaction", message_id, emoji: "👍" }),
    heard: (target_id) => ({ kind: "reaction", target_id, emoji: "👍", on: true }),
  },
  {
    name: "a reaction taken back",
    frame: (message_id) => ({ type: "reaction", message_id, emoji: "👍", on: false }),
    heard: (target_id) => ({ kind: "reaction", target_id, emoji: "👍", on: false }),
  },
  {
    name: "a reply",
    frame: (reply_to) => ({ type: "user_message", content: "to that", reply_to }),
    heard: (reply_to) => ({ kind: "message", content: "to that", reply_to }),
  },
  {
    name: "a read receipt",
    frame: () => ({ type: "read_receipt", versions: { "home:1": 2 } }),
    heard: () => ({ kind: "receipt", device_id: "phone", read: { "home:1": 2 } }),
  },
  {
    name: "a delivery receipt",
    frame: () => ({ type: "delivery_ack", versions: { "home:1": 1 } }),
    heard: () => ({ kind: "receipt", device_id: "phone", delivered: { "home:1": 1 } }),
  },
  {
    name: "a file",
    frame: () => ({ type: "file_upload", file_id: "f1", file_url: "https://files.test/f1" }),
    heard: () => ({ kind: "message", message_type: "file" }),
  },
  {
    name: "a voice note",
    frame: () => ({ type: "voice_message", file_id: "v1", file_url: "https://files.test/v1" }),
    heard: () => ({ kind: "message", message_type: "voice" }),
  },
  {
    name: "a call for help",
    frame: () => ({ type: "help_request" }),
    heard: () => ({ kind: "help", open: true }),
  },
  {
    name: "a choice of model",
    frame: () => ({ type: "model_select", model_id: "scripted" }),
    heard: () => ({ kind: "model", model_id: "scripted" }),
  },
];

test.each(CHANGES)("$name of one device is seen by another", async ({ frame, heard }) => {
  await using world = await twoDevices();
  const { phone, laptop, session_id } = world;
  const first = entriesOf(laptop, session_id).find(({ kind }) => kind === "message")!;
  const from = laptop.heard.length;
  phone.send({ ...frame(first.message_id), session_id });
  const wanted = heard(first.message_id);
  const seen = await entry(laptop, ({ kind }) => kind === wanted.kind, from);
  expect(seen.entry).toMatchObject(wanted);
});

test.each([
  { name: "a file", type: "file_upload" },
  { name: "a voice note", type: "voice_message" },
  { name: "a call for help", type: "help_request" },
])("$name begins the session that its client made up", async ({ type }) => {
  await using running = await runningChat();
  using client = await device(running.chat.port, alice, "phone");
  const made = randomUUID().replaceAll("-", "");
  const file = { file_id: "f1", file_url: "https://files.test/f1" };
  const asked = { type, session_id: made, content: "", client_message_id: "first" };
  client.send(type === "help_request" ? asked : { ...asked, ...file });
  const { session_id } = await client.next("message_ack");
  expect((await resume(client, made)).session_id).toBe(session_id);
});

test("typing is seen by the other device and not by the one that types", async () => {
  await using world = await twoDevices();
  const { phone, laptop, session_id } = world;
  phone.send({ type: "typing", session_id, on: true });
  expect(await laptop.next("typing")).toMatchObject({ session_id, sender: "user", on: true });
  // Something later has come by then.
  await say(phone, "sent");
  expect(phone.heard.filter(({ type }) => type === "typing")).toEqual([]);
});

test("a message has one id in its ack, on every device and over HTTP", async () => {
  await using world = await twoDevices();
  const { phone, laptop, session_id, port } = world;
  const from = laptop.heard.length;
  const ack = await say(phone, "the same everywhere");
  const seen = await entry(
    laptop,
    ({ client_message_id }) => client_message_id === ack.client_message_id,
    from,
  );
  const { body } = await over(port, alice, ["GET", `/sessions/${session_id}`]);
  const messages = body["messages"] as { id: string; content: string }[];
  const stored = messages.find(({ content }) => content === "the same everywhere");
  expect([seen.entry.message_id, stored?.id]).toEqual([ack.message_id, ack.message_id]);
  expect(seen.entry).toMatchObject({ origin: ack.origin, number: ack.number, hlc: ack.hlc });
});

test("edits, deletions and reactions stand in the session over HTTP", async () => {
  await using world = await twoDevices();
  const { phone, session_id, port } = world;
  const [one, two] = [await say(phone, "one"), await say(phone, "two")];
  const changes = [
    { type: "edit", message_id: one.message_id, content: "changed" },
    { type: "reaction", message_id: one.message_id, emoji: "🎉" },
    { type: "delete", message_id: two.message_id },
  ];
  for (const [at, change] of changes.entries()) {
    phone.send({ ...change, session_id, client_message_id: `change-${at}` });
    await phone.next(
      "message_ack",
      ({ client_message_id }) => client_message_id === `change-${at}`,
    );
  }
  const { body } = await over(port, alice, ["GET", `/sessions/${session_id}`]);
  expect(body["messages"]).toMatchObject([
    { content: "first" },
    { id: one.message_id, content: "changed", edited: true, reactions: { "🎉": ["user:alice"] } },
    { id: two.message_id, content: "", deleted: true },
  ]);
});

test("who comes back with what it has gets what it lacks, and then what comes", async () => {
  await using world = await twoDevices();
  const { phone, session_id, port } = world;
  const { number, origin } = await say(phone, "seen before the tunnel");
  const missed = [await say(phone, "missed one"), await say(phone, "missed two")];
  using back = await device(port, alice, "tablet");
  const state = await resume(back, session_id, { [origin]: number });
  expect(state).toMatchObject({ mode: "delta", versions: { [origin]: missed[1]!.number } });
  expect(state.entries.map(({ message_id }) => message_id)).toEqual(
    missed.map(({ message_id }) => message_id),
  );
  const live = await say(phone, "live");
  const heard = await entry(back, ({ message_id }) => message_id === live.message_id);
  expect(heard.entry.number).toBe(missed[1]!.number + 1);
});

/** Says many things at once and waits until all are durable. */
async function sayMany(client: Client, session_id: string, count: number, content = "word") {
  const names = Array.from({ length: count }, (_, at) => `${randomUUID()}-${at}`);
  for (const [at, client_message_id] of names.entries()) {
    client.send({ type: "note", session_id, client_message_id, content: `${content} ${at}` });
  }
  await client.next("message_ack", (ack) => ack.client_message_id === names.at(-1));
  return names;
}

test.each([
  { name: "more than three hundred entries", count: 700, content: "word" },
  {
    name: "fewer entries than that, too large for one frame",
    count: 120,
    content: "x".repeat(9_000),
  },
])("who lacks $name gets the newest and pages back to the first", async ({ count, content }) => {
  await using running = await runningChat({ rates: UNLIMITED });
  const { port } = running.chat;
  const admin = tokenOf("root", ["admin"]);
  using writer = await device(port, admin, "desk");
  const { session_id } = await say(writer, "begins");
  await entry(writer, ({ kind, sender }) => kind === "message" && sender === "ai");
  const names = await sayMany(writer, session_id, count, content);
  using reader = await device(port, admin, "phone");
  const snapshot = await resume(reader, session_id);
  expect(snapshot).toMatchObject({ mode: "snapshot" });
  expect(snapshot.entries.length).toBeLessThanOrEqual(300);
  expect(snapshot.entries.at(-1)!.client_message_id).toBe(names.at(-1));
  const all = await wholeLog(reader, session_id);
  expect(all.map(({ number }) => number)).toEqual(all.map((_, at) => at + 1));
  expect(all.slice(-count).map(({ client_message_id }) => client_message_id)).toEqual(names);
});

test("what is said while a device resumes comes once, and after what it lacked", async () => {
  await using world = await twoDevices();
  const { phone, session_id, port } = world;
  for (let round = 0; round < 20; round++) {
    using back = await device(port, alice, `tablet-${round}`);
    const said = [0, 1, 2, 3].map((at) => say(phone, `${round} ${at}`));
    const resumed = resume(back, session_id);
    await Promise.all([...said, resumed]);
    await say(phone, "end of the round").then(({ message_id }) =>
      entry(back, (one) => one.message_id === message_id),
    );
    const numbers = entriesOf(back, session_id).map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  }
});

test("who comes back in the middle of an answer goes on reading at the character where it is", async () => {
  await using world = await twoDevices();
  const { model, session_id, port, laptop } = world;
  const question = await model.question(1);
  await question.say("Once upon ");
  await laptop.next("run_delta", ({ at, text }) => at + text.length === 10);
  using back = await device(port, alice, "tablet");
  const { runs } = await resume(back, session_id);
  expect(runs).toMatchObject([{ at: 0, text: "Once upon ", model_id: "scripted" }]);
  await question.say("a time");
  const delta = await back.next("run_delta");
  expect(delta).toMatchObject({ at: 10, run_id: runs[0]!.run_id });
  const from = back.heard.length;
  back.send({ type: "run_get", session_id, run_id: runs[0]!.run_id, from: 5 });
  const { run } = await back.next("run_start", () => true, from);
  expect(run).toMatchObject({ at: 5, text: "upon a time" });
  question.finish();
  const stored = await entry(back, ({ sender }) => sender === "ai");
  expect(stored.entry).toMatchObject({
    message_id: runs[0]!.message_id,
    content: "Once upon a time",
    answer: { status: "complete" },
  });
  expect(await back.next("run_end")).toMatchObject({ status: "complete" });
});

const RANGES: { name: string; from: number; to: number; numbers: readonly number[] | "refused" }[] =
  [
    { name: "some of the middle", from: 2, to: 3, numbers: [2, 3] },
    { name: "more than there are", from: 3, to: 900, numbers: [3, 4] },
    { name: "beyond the end", from: 500, to: 600, numbers: [] },
    { name: "as many as may be", from: 1, to: 1_000, numbers: [1, 2, 3, 4] },
    { name: "one too many", from: 1, to: 1_001, numbers: "refused" },
    { name: "backwards", from: 3, to: 2, numbers: "refused" },
  ];

test.each(RANGES)("retransmitted is what was asked for: $name", async ({ from, to, numbers }) => {
  await using world = await twoDevices();
  const { phone, session_id } = world;
  await say(phone, "the fourth");
  const at = phone.heard.length;
  phone.send({ type: "retransmit", session_id, from_sequence: from, to_sequence: to });
  if (numbers === "refused") {
    expect((await refusal(phone, at)).error.code).toBe("INVALID_FORMAT");
    return;
  }
  const { entries } = await phone.next("messages", () => true, at);
  expect(entries.map(({ number }) => number)).toEqual(numbers);
});

test("of several sessions that a device resumes, one that is not there keeps none from it", async () => {
  await using world = await twoDevices();
  const { session_id, port } = world;
  using other = await device(port, tokenOf("mallory"), "m");
  const foreign = await say(other, "mine");
  using back = await device(port, alice, "tablet");
  const sessions = [{ session_id: foreign.session_id }, { session_id }];
  back.send({ type: "resume", sessions });
  expect(await back.next("error")).toMatchObject({
    session_id: foreign.session_id,
    error: { code: "UNAUTHORIZED" },
  });
  const resumed: ServerFrames["resumed"] = await back.next("resumed");
  expect(resumed.sessions).toMatchObject([{ session_id }]);
});

test("notes of admins keep their numbers from users and nothing else", async () => {
  await using world: World = await twoDevices();
  const { phone, session_id, port } = world;
  using desk = await device(port, tokenOf("root", ["admin"]), "desk");
  await resume(desk, session_id);
  desk.send({ type: "note", session_id, content: "a secret", client_message_id: "n1" });
  const { number } = await desk.next("message_ack");
  const hidden = await entry(phone, (one) => one.number === number);
  expect(hidden.entry).toMatchObject({ kind: "hidden", client_message_id: "" });
  expect(JSON.stringify(phone.heard)).not.toContain("a secret");
  const shown = await entry(desk, (one) => one.number === number);
  expect(shown.entry).toMatchObject({ kind: "message", is_note: true, content: "a secret" });
});
