import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Messenger, messagingWorld, type MessagingWorld } from "./_messaging.ts";
import { tokenOf } from "./_running-chat.ts";
import { device, entry, over, resume, say } from "./_talk-kit.ts";

let world: MessagingWorld;
let users = 0;
let user: string;

beforeAll(async () => {
  world = await messagingWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  user = `person-${++users}`;
});

describe("sending", () => {
  test("a message is acknowledged with its id and number, and the agent's answer follows", async () => {
    using client = await Messenger.open(world.port, user);
    const { ack, reply } = await world.answered(client, "hello", "good day");
    expect(ack).toMatchObject({ conversation_id: "c1", status: "sent" });
    expect(reply).toMatchObject({
      conversation_id: "c1",
      sender_id: "scripted",
      receiver_id: user,
      type: "text",
      message_type: "text",
      status: "sent",
    });
    expect(reply.sequence_number).toBeGreaterThan(ack.sequence_number);
    await client.next("typing", ({ on, sender_id }) => on && sender_id === "scripted");
  });

  test("the same key again is the same acknowledgement, on any socket, and stored once", async () => {
    using phone = await Messenger.open(world.port, user);
    const first = await phone.say("c1", "once", { key: "not-a-uuid-1" });
    using laptop = await Messenger.open(world.port, user, "laptop");
    const second = await laptop.say("c1", "once", { key: "not-a-uuid-1" });
    expect(second).toEqual(first);
    const { body } = await over(world.port, tokenOf(user), ["GET", "/sessions"]);
    expect(body["sessions"]).toMatchObject([{ user_id: user }]);
    const all = await phone.retransmit("c1", 1, 100);
    expect(all.filter(({ content }) => content === "once")).toHaveLength(1);
  });

  test("a key that comes again with other words is refused under the client's name for it", async () => {
    using client = await Messenger.open(world.port, user);
    await client.say("c1", "these words", { key: "k" });
    const payload = { conversation_id: "c1", content: "other words", type: "text" };
    client.send({ type: "message", client_message_id: "mine", idempotency_key: "k", payload });
    expect(await client.next("error")).toMatchObject({
      client_message_id: "mine",
      conversation_id: "c1",
      error: { code: "CONFLICT", recoverable: true },
    });
  });

  test("an acknowledgement names a message by the client's own id where it has one", async () => {
    using client = await Messenger.open(world.port, user);
    const payload = { conversation_id: "c1", content: "hi", type: "text", media_url: null };
    client.send({ type: "message", client_message_id: "mine", idempotency_key: "k", payload });
    expect(await client.next("message_ack")).toMatchObject({
      client_message_id: "mine",
      idempotency_key: "k",
    });
  });

  test("every device hears it but the one that sent it", async () => {
    using phone = await Messenger.open(world.port, user);
    await phone.say("c1", "begins");
    using laptop = await Messenger.open(world.port, user, "laptop");
    await phone.say("c1", "to all");
    const heard = await laptop.message("to all");
    expect(heard.payload).toMatchObject({ sender_id: user, conversation_id: "c1" });
    await laptop.say("c1", "back");
    await phone.message("back");
    expect(phone.told().map(({ content }) => content)).not.toContain("to all");
  });

  test("the agent that a message is addressed to answers it, and the next one in its conversation", async () => {
    using client = await Messenger.open(world.port, user);
    const asked = world.question("it hurts");
    await client.say("c1", "it hurts", { receiver_id: "agent-medical" });
    await (await asked).answer("where?");
    expect((await client.message("where?")).payload.sender_id).toBe("agent-medical");
    const again = world.question("here");
    await client.say("c1", "here");
    await (await again).answer("I see");
    expect((await client.message("I see")).payload.sender_id).toBe("agent-medical");
    const other = world.question("and now you");
    await client.say("c1", "and now you", { receiver_id: "scripted" });
    await (await other).answer("yes?");
    expect((await client.message("yes?")).payload.sender_id).toBe("scripted");
  });

  test.each([
    { name: "to an agent that is not here", more: { receiver_id: "nobody" }, code: "NOT_FOUND" },
    { name: "in the service's own name", more: { type: "system" }, code: "INVALID_FORMAT" },
    { name: "of nothing", more: { content: "" }, code: "MISSING_FIELD" },
    { name: "of an image without its address", more: { type: "image" }, code: "MISSING_FIELD" },
    {
      name: "of a file on the service's own network",
      more: { type: "document", media_url: "https://169.254.169.254/latest" },
      code: "INVALID_FORMAT",
    },
    {
      name: "of an unknown kind",
      more: { type: "hologram" },
      code: "INVALID_FORMAT",
    },
  ])("a message $name is refused, and the socket goes on", async ({ more, code }) => {
    using client = await Messenger.open(world.port, user);
    const payload = { conversation_id: "c1", content: "x", type: "text", ...more };
    client.send({ type: "message", idempotency_key: "k", payload });
    const refused = await client.next("error");
    expect(refused).toMatchObject({ client_message_id: "k", error: { code, recoverable: true } });
    client.send({ type: "heartbeat", timestamp: 1 });
    expect((await client.next("heartbeat_ack")).server_time).toBeGreaterThan(0);
  });

  test("a picture keeps its kind and its address", async () => {
    using phone = await Messenger.open(world.port, user);
    await phone.say("c1", "begins");
    using laptop = await Messenger.open(world.port, user, "laptop");
    const media_url = "https://files.example.com/cat.png";
    await phone.say("c1", "a cat", { type: "image", media_url });
    const { payload } = await laptop.message("a cat");
    expect(payload).toMatchObject({ type: "image", message_type: "image", media_url });
  });

  test("a file that was uploaded is its sender's to send, and comes with a link of its own", async () => {
    const body = new FormData();
    body.append("file", new Blob(["some notes"]), "notes.txt");
    const headers = { authorization: `Bearer ${tokenOf(user)}` };
    const at = `http://127.0.0.1:${world.port}/chat/upload`;
    const stored = (await (await fetch(at, { method: "POST", headers, body })).json()) as {
      file_id: string;
      file_url: string;
    };
    using phone = await Messenger.open(world.port, user);
    await phone.say("c1", "begins");
    using laptop = await Messenger.open(world.port, user, "laptop");
    await phone.say("c1", "read this", { type: "document", media_url: stored.file_url });
    const { payload } = await laptop.message("read this");
    expect(payload.media_url).toContain(`/files/${stored.file_id}?`);
    const read = await fetch(new URL(payload.media_url!, at));
    expect(await read.text()).toBe("some notes");

    using stranger = await Messenger.open(world.port, `stranger-${user}`);
    const said = { conversation_id: "c", content: "", type: "document" };
    const theirs = { ...said, media_url: stored.file_url };
    stranger.send({ type: "message", idempotency_key: "k", payload: theirs });
    expect((await stranger.next("error")).error.recoverable).toBe(true);
    expect(stranger.heard.map(({ type }) => type)).not.toContain("message_ack");
  });
});

describe("conversations", () => {
  test("two at once of one person are two, each with its own numbers", async () => {
    using client = await Messenger.open(world.port, user);
    const one = await client.say("with the doctor", "a");
    const other = await client.say("with the waiter", "b");
    const { body } = await over(world.port, tokenOf(user), ["GET", "/sessions"]);
    expect(body["count"]).toBe(2);
    expect(one.payload.sequence_number).toBe(other.payload.sequence_number);
  });

  test("they are sessions of the one log: a client of the other dialect reads and answers", async () => {
    using client = await Messenger.open(world.port, user);
    await client.say("c1", "from one side");
    using other = await device(world.port, tokenOf(user), "desk");
    const { session_id } = await resume(other, "c1");
    await client.say("c1", "and on");
    await entry(other, (one) => one.kind === "message" && one.content === "and on");
    await say(other, "from the other", { session_id });
    expect((await client.message("from the other")).payload.conversation_id).toBe("c1");
  });

  test.each([
    { name: "read", frame: { type: "retransmit", from_sequence: 1, to_sequence: 9 } },
    { name: "told of typing", frame: { type: "typing", on: true } },
  ])("another's cannot be $name, by its name or its id", async ({ frame }) => {
    using owner = await Messenger.open(world.port, user);
    await owner.say("private", "mine");
    const session_id = await world.sessionOf(user);
    using stranger = await Messenger.open(world.port, `stranger-${user}`);
    for (const conversation_id of ["private", session_id]) {
      const from = stranger.heard.length;
      stranger.send({ ...frame, conversation_id });
      const { error } = await stranger.next("error", () => true, from);
      expect(["NOT_FOUND", "UNAUTHORIZED"]).toContain(error.code);
    }
    expect(stranger.told()).toEqual([]);
  });

  test("whose conversation it is cannot be had by writing into it", async () => {
    using owner = await Messenger.open(world.port, user);
    await owner.say("private", "mine");
    const session_id = await world.sessionOf(user);
    using stranger = await Messenger.open(world.port, `stranger-${user}`);
    const payload = { conversation_id: session_id, content: "let me in", type: "text" };
    stranger.send({ type: "message", idempotency_key: "k", payload });
    expect((await stranger.next("error")).error.code).toBe("UNAUTHORIZED");
  });
});

describe("numbers", () => {
  test("a device that looks for gaps finds none: what is no message comes as an empty one before the next", async () => {
    using phone = await Messenger.open(world.port, user);
    const { ack } = await world.answered(phone, "begins", "yes");
    using laptop = await Messenger.open(world.port, user, "laptop");
    const session_id = await world.sessionOf(user);
    // Reactions and receipts have numbers and no words here.
    using desk = await device(world.port, tokenOf(user), "desk");
    const reaction = { session_id, message_id: ack.message_id, emoji: "👍" };
    desk.send({ type: "reaction", ...reaction, client_message_id: "r1" });
    await desk.next("message_ack");
    const from = laptop.heard.length;
    await phone.say("c1", "goes on");
    await laptop.message("goes on");
    await phone.say("c1", "and on");
    await laptop.message("and on");
    const numbers = laptop.told(from).map(({ sequence_number }) => sequence_number);
    expect(numbers).toEqual(numbers.map((_, at) => numbers[0]! + at));
    const empty = laptop.told(from).find(({ content }) => content === "");
    expect(empty).toMatchObject({ type: "system", conversation_id: "c1" });
  });

  test("whoever asks again gets every number of the range, in order, also those that are no message", async () => {
    using client = await Messenger.open(world.port, user);
    await world.answered(client, "one", "first");
    await world.answered(client, "two", "second");
    const all = await client.retransmit("c1", 1, 1_000);
    expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_, at) => at + 1));
    const said = all.filter(({ content }) => content !== "");
    expect(said.map(({ content }) => content)).toEqual(["one", "first", "two", "second"]);
    const [second] = await client.retransmit("c1", 2, 2);
    expect(second).toMatchObject({ sequence_number: 2, content: "one" });
  });

  test("numbers that were never given out are answered with the last that was", async () => {
    using client = await Messenger.open(world.port, user);
    const { payload } = await client.say("c1", "one");
    const from = client.heard.length;
    client.send({
      type: "retransmit",
      conversation_id: "c1",
      from_sequence: 500,
      to_sequence: 600,
    });
    const frame = await client.next(
      "messages",
      ({ payload }) => payload.messages.length === 0,
      from,
    );
    expect(frame.payload.last_sequence_number).toBeGreaterThanOrEqual(payload.sequence_number);
  });

  test("what was deleted is empty for whoever asks again", async () => {
    using client = await Messenger.open(world.port, user);
    const ack = await client.say("c1", "regretted");
    const session_id = await world.sessionOf(user);
    using desk = await device(world.port, tokenOf(user), "desk");
    const { message_id, sequence_number } = ack.payload;
    desk.send({ type: "delete", session_id, message_id, client_message_id: "d" });
    await desk.next("message_ack");
    const [said] = await client.retransmit("c1", sequence_number, sequence_number);
    expect(said).toMatchObject({ sequence_number, content: "", type: "system" });
  });

  test.each([
    { name: "backwards", from_sequence: 9, to_sequence: 2 },
    { name: "over more than a thousand", from_sequence: 1, to_sequence: 1_001 },
    { name: "from nothing", from_sequence: 0, to_sequence: 2 },
  ])("a range $name is refused", async ({ name: _name, ...range }) => {
    using client = await Messenger.open(world.port, user);
    await client.say("c1", "one");
    client.send({ type: "retransmit", conversation_id: "c1", ...range });
    expect((await client.next("error")).error.code).toBe("INVALID_FORMAT");
  });
});
