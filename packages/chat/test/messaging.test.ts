import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { authOf, Messenger } from "./_messaging.ts";
import { runningChat, tokenOf } from "./_running-chat.ts";
import { device, entry, over, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const opened = new AsyncDisposableStack();
let model: Awaited<ReturnType<typeof scriptedModel>>;
let port: number;
let users = 0;
let user: string;

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  const other = { ...model.provider, id: "agent-medical", name: "Medical" };
  const providers = [model.provider, other] as const;
  const running = opened.use(await runningChat({ providers, rates: UNLIMITED }));
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());
beforeEach(() => {
  user = `person-${++users}`;
});

/** The question that comes next and has this text in it: others may still be asked for tests before. */
async function nextQuestion(text: string) {
  for (let n = model.asked().length + 1; ; n++) {
    const question = await model.question(n);
    if (question.prompt.includes(text)) return question;
  }
}

/** Says something and has it answered: with all that this brings into the log. */
async function answered(client: Messenger, text: string, answer: string) {
  const asked = nextQuestion(text);
  const ack = await client.say("c1", text);
  await (await asked).answer(answer);
  const reply = await client.message(answer);
  return { ack: ack.payload, reply: reply.payload };
}

describe("sending", () => {
  test("a message is acknowledged with its id and number, and the agent's answer follows", async () => {
    using client = await Messenger.open(port, user);
    const { ack, reply } = await answered(client, "hello", "good day");
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
    using phone = await Messenger.open(port, user);
    const first = await phone.say("c1", "once", { key: "not-a-uuid-1" });
    using laptop = await Messenger.open(port, user, "laptop");
    const second = await laptop.say("c1", "once", { key: "not-a-uuid-1" });
    expect(second).toEqual(first);
    const { body } = await over(port, tokenOf(user), ["GET", "/sessions"]);
    expect(body["sessions"]).toMatchObject([{ user_id: user }]);
    const all = await phone.retransmit("c1", 1, 100);
    expect(all.filter(({ content }) => content === "once")).toHaveLength(1);
  });

  test("a key that comes again with other words is refused under the client's name for it", async () => {
    using client = await Messenger.open(port, user);
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
    using client = await Messenger.open(port, user);
    const payload = { conversation_id: "c1", content: "hi", type: "text", media_url: null };
    client.send({ type: "message", client_message_id: "mine", idempotency_key: "k", payload });
    expect(await client.next("message_ack")).toMatchObject({
      client_message_id: "mine",
      idempotency_key: "k",
    });
  });

  test("every device hears it but the one that sent it", async () => {
    using phone = await Messenger.open(port, user);
    await phone.say("c1", "begins");
    using laptop = await Messenger.open(port, user, "laptop");
    await phone.say("c1", "to all");
    const heard = await laptop.message("to all");
    expect(heard.payload).toMatchObject({ sender_id: user, conversation_id: "c1" });
    await laptop.say("c1", "back");
    await phone.message("back");
    expect(phone.told().map(({ content }) => content)).not.toContain("to all");
  });

  test("the agent that a message is addressed to answers it, and the next one in its conversation", async () => {
    using client = await Messenger.open(port, user);
    const asked = nextQuestion("it hurts");
    await client.say("c1", "it hurts", { receiver_id: "agent-medical" });
    await (await asked).answer("where?");
    expect((await client.message("where?")).payload.sender_id).toBe("agent-medical");
    const again = nextQuestion("here");
    await client.say("c1", "here");
    await (await again).answer("I see");
    expect((await client.message("I see")).payload.sender_id).toBe("agent-medical");
    const other = nextQuestion("and now you");
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
    using client = await Messenger.open(port, user);
    const payload = { conversation_id: "c1", content: "x", type: "text", ...more };
    client.send({ type: "message", idempotency_key: "k", payload });
    const refused = await client.next("error");
    expect(refused).toMatchObject({ client_message_id: "k", error: { code, recoverable: true } });
    client.send({ type: "heartbeat", timestamp: 1 });
    expect((await client.next("heartbeat_ack")).server_time).toBeGreaterThan(0);
  });

  test("a picture keeps its kind and its address", async () => {
    using phone = await Messenger.open(port, user);
    await phone.say("c1", "begins");
    using laptop = await Messenger.open(port, user, "laptop");
    const media_url = "https://files.example.com/cat.png";
    await phone.say("c1", "a cat", { type: "image", media_url });
    const { payload } = await laptop.message("a cat");
    expect(payload).toMatchObject({ type: "image", message_type: "image", media_url });
  });
});

describe("conversations", () => {
  test("two at once of one person are two, each with its own numbers", async () => {
    using client = await Messenger.open(port, user);
    const one = await client.say("with the doctor", "a");
    const other = await client.say("with the waiter", "b");
    const { body } = await over(port, tokenOf(user), ["GET", "/sessions"]);
    expect(body["count"]).toBe(2);
    expect(one.payload.sequence_number).toBe(other.payload.sequence_number);
  });

  test("they are sessions of the one log: a client of the other dialect reads and answers", async () => {
    using client = await Messenger.open(port, user);
    await client.say("c1", "from one side");
    using other = await device(port, tokenOf(user), "desk");
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
    using owner = await Messenger.open(port, user);
    await owner.say("private", "mine");
    const { body } = await over(port, tokenOf(user), ["GET", "/sessions"]);
    const [{ session_id }] = body["sessions"] as [{ session_id: string }];
    using stranger = await Messenger.open(port, `stranger-${user}`);
    for (const conversation_id of ["private", session_id]) {
      const from = stranger.heard.length;
      stranger.send({ ...frame, conversation_id });
      const { error } = await stranger.next("error", () => true, from);
      expect(["NOT_FOUND", "UNAUTHORIZED"]).toContain(error.code);
    }
    expect(stranger.told()).toEqual([]);
  });

  test("whose conversation it is cannot be had by writing into it", async () => {
    using owner = await Messenger.open(port, user);
    await owner.say("private", "mine");
    const { body } = await over(port, tokenOf(user), ["GET", "/sessions"]);
    const [{ session_id }] = body["sessions"] as [{ session_id: string }];
    using stranger = await Messenger.open(port, `stranger-${user}`);
    const payload = { conversation_id: session_id, content: "let me in", type: "text" };
    stranger.send({ type: "message", idempotency_key: "k", payload });
    expect((await stranger.next("error")).error.code).toBe("UNAUTHORIZED");
  });
});

describe("numbers", () => {
  test("a device that looks for gaps finds none: what is no message comes as an empty one before the next", async () => {
    using phone = await Messenger.open(port, user);
    const { ack } = await answered(phone, "begins", "yes");
    using laptop = await Messenger.open(port, user, "laptop");
    const { session_id } = await resumed(user);
    // Reactions and receipts have numbers and no words here.
    using desk = await device(port, tokenOf(user), "desk");
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
    using client = await Messenger.open(port, user);
    await answered(client, "one", "first");
    await answered(client, "two", "second");
    const all = await client.retransmit("c1", 1, 1_000);
    expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_, at) => at + 1));
    const said = all.filter(({ content }) => content !== "");
    expect(said.map(({ content }) => content)).toEqual(["one", "first", "two", "second"]);
    const [second] = await client.retransmit("c1", 2, 2);
    expect(second).toMatchObject({ sequence_number: 2, content: "one" });
  });

  test("numbers that were never given out are answered with the last that was", async () => {
    using client = await Messenger.open(port, user);
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
    using client = await Messenger.open(port, user);
    const ack = await client.say("c1", "regretted");
    const { session_id } = await resumed(user);
    using desk = await device(port, tokenOf(user), "desk");
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
    using client = await Messenger.open(port, user);
    await client.say("c1", "one");
    client.send({ type: "retransmit", conversation_id: "c1", ...range });
    expect((await client.next("error")).error.code).toBe("INVALID_FORMAT");
  });
});

describe("receipts", () => {
  test("a message is delivered when the device of another says so, and not before", async () => {
    using owner = await Messenger.open(port, user);
    await owner.say("c1", "begins");
    const { session_id } = await resumed(user);
    const { body } = await over(port, tokenOf("boss", ["admin"]), [
      "POST",
      `/admin/takeover/${session_id}`,
    ]);
    expect(body["admin_id"]).toBe("boss");
    using admin = await Messenger.connect(port);
    admin.send({
      type: "auth",
      payload: {
        user_id: "boss",
        auth_token: tokenOf("boss", ["admin"]),
        device_id: "desk",
        platform: "web",
        app_version: "1",
      },
    });
    await admin.next("auth_success");
    const hello = await admin.say(session_id, "I am a person", { receiver_id: user });
    const heard = await owner.message("I am a person");
    expect(heard.payload).toMatchObject({ sender_id: "boss", receiver_id: user, status: "sent" });
    expect(admin.heard.map(({ type }) => type)).not.toContain("delivery_ack");
    const { message_id } = heard.payload;
    owner.send({ type: "delivery_ack", message_id, timestamp: 1 });
    expect(await admin.next("delivery_ack")).toMatchObject({
      message_id: hello.payload.message_id,
      delivered_to: user,
    });
    owner.send({ type: "read_receipt", message_ids: [message_id], timestamp: 1 });
    expect((await admin.next("read_receipt")).payload).toMatchObject({
      message_ids: [message_id],
      read_by: user,
    });
    // Told once, although more is acknowledged.
    owner.send({ type: "delivery_ack", message_id, timestamp: 2 });
    await owner.settled("c1");
    await admin.settled(session_id);
    expect(admin.heard.filter(({ type }) => type === "delivery_ack")).toHaveLength(1);
  });

  test("a receipt for what one was never told is refused", async () => {
    using client = await Messenger.open(port, user);
    client.send({ type: "delivery_ack", message_id: "0".repeat(32), timestamp: 1 });
    expect((await client.next("error")).error.code).toBe("NOT_FOUND");
  });
});

describe("coming back", () => {
  test("a device gets what it has not acknowledged, in order, and each device its own", async () => {
    using phone = await Messenger.open(port, user);
    const { reply } = await answered(phone, "begins", "first answer");
    phone.send({ type: "delivery_ack", message_id: reply.message_id, timestamp: 1 });
    await phone.settled("c1");
    using tablet = await Messenger.open(port, user, "tablet");
    await tablet.settled("c1");
    phone.socket.close();
    await phone.closed;
    await answered(tablet, "meanwhile", "second answer");

    using back = await Messenger.open(port, user);
    await back.message("second answer");
    const texts = back.told().flatMap(({ content }) => (content === "" ? [] : [content]));
    expect(texts).toEqual(["meanwhile", "second answer"]);
    const numbers = back.told().map(({ sequence_number }) => sequence_number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(back.told()[0]!.conversation_id).toBe("c1");
    const { payload } = await back.next("auth_success");
    expect(payload.unread_count).toBe(1);
  });

  test("a device that never acknowledged anything gets what was said since its person spoke, and nothing twice", async () => {
    using phone = await Messenger.open(port, user);
    await answered(phone, "one", "first");
    const asked = nextQuestion("two");
    await phone.say("c1", "two");
    phone.socket.terminate();
    await phone.closed;
    await (await asked).answer("second");
    using back = await Messenger.open(port, user);
    await back.message("second");
    await back.settled("c1");
    const texts = back.told().flatMap(({ content }) => (content === "" ? [] : [content]));
    expect(texts).toEqual(["second"]);
  });

  test("a fresh token on a live socket prolongs it, and another's is refused", async () => {
    using client = await Messenger.open(port, user);
    const from = client.heard.length;
    const payload = { device_id: "phone", platform: "web", app_version: "1" };
    const renewal = { ...payload, user_id: user, auth_token: tokenOf(user) };
    client.send({ type: "auth", payload: renewal });
    const renewed = await client.next("auth_success", () => true, from);
    expect(renewed.payload.expires_at).toBeGreaterThan(renewed.payload.server_time);
    client.send({ type: "auth", payload: { ...renewal, auth_token: tokenOf("somebody") } });
    expect((await client.next("error")).error.code).toBe("UNAUTHORIZED");
  });
});

describe("a drain", () => {
  test("is told with where to come back to, and closes with a code to come back on", async () => {
    await using going = await runningChat({ rates: UNLIMITED });
    const at = going.chat.port;
    using client = await Messenger.open(at, user);
    using waiting = await Messenger.connect(at);
    await going.chat.drain();
    const { payload } = await client.next("migration");
    expect(payload).toMatchObject({ new_endpoint: `ws://127.0.0.1:${at}/ws` });
    expect(await client.closed).toMatchObject({ code: 1012 });
    waiting.send(authOf(user));
    expect(await waiting.closed).toMatchObject({ code: 1012, reason: "DRAINING" });
  });
});

/** The session that a person's one conversation is. */
async function resumed(of: string): Promise<{ session_id: string }> {
  const { body } = await over(port, tokenOf(of), ["GET", "/sessions"]);
  const [{ session_id }] = body["sessions"] as [{ session_id: string }];
  return { session_id };
}
