import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { authOf, Messenger, messagingWorld, type MessagingWorld } from "./_messaging.ts";
import { runningChat, tokenOf } from "./_running-chat.ts";
import { over, UNLIMITED } from "./_talk-kit.ts";

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

describe("receipts", () => {
  test("a message is delivered when the device of another says so, and not before", async () => {
    using owner = await Messenger.open(world.port, user);
    await owner.say("c1", "begins");
    const session_id = await world.sessionOf(user);
    const { body } = await over(world.port, tokenOf("boss", ["admin"]), [
      "POST",
      `/admin/takeover/${session_id}`,
    ]);
    expect(body["admin_id"]).toBe("boss");
    using admin = await Messenger.connect(world.port);
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
    using client = await Messenger.open(world.port, user);
    client.send({ type: "delivery_ack", message_id: "0".repeat(32), timestamp: 1 });
    expect((await client.next("error")).error.code).toBe("NOT_FOUND");
  });
});

describe("coming back", () => {
  test("a device gets what it has not acknowledged, in order, and each device its own", async () => {
    using phone = await Messenger.open(world.port, user);
    const { reply } = await world.answered(phone, "begins", "first answer");
    phone.send({ type: "delivery_ack", message_id: reply.message_id, timestamp: 1 });
    await phone.settled("c1");
    using tablet = await Messenger.open(world.port, user, "tablet");
    await tablet.settled("c1");
    phone.socket.close();
    await phone.closed;
    await world.answered(tablet, "meanwhile", "second answer");

    using back = await Messenger.open(world.port, user);
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
    using phone = await Messenger.open(world.port, user);
    await world.answered(phone, "one", "first");
    const asked = world.question("two");
    await phone.say("c1", "two");
    phone.socket.terminate();
    await phone.closed;
    await (await asked).answer("second");
    using back = await Messenger.open(world.port, user);
    await back.message("second");
    await back.settled("c1");
    const texts = back.told().flatMap(({ content }) => (content === "" ? [] : [content]));
    expect(texts).toEqual(["second"]);
  });

  test("a fresh token on a live socket prolongs it, and another's is refused", async () => {
    using client = await Messenger.open(world.port, user);
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
