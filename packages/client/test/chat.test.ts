import { describe, expect, test } from "vitest";
import { entry, settle } from "./_kit.ts";
import { chat, resume, error, acknowledge, heard, bob, text, live } from "./_service.ts";

test("the place among those who wait for a person is shown until somebody comes", async () => {
  const { session, sockets } = await live();
  const place = { type: "queue", session_id: "s1", position: 2, waiting: 3 };
  sockets.last.hear({ ...place, since: "2026-01-01T00:00:00.000Z" });
  expect(session.waiting).toEqual({ position: 2, of: 3, since: "2026-01-01T00:00:00.000Z" });
  sockets.last.hear({ ...place, position: 0, waiting: 0 });
  expect(session.waiting).toBeUndefined();
});

describe("a session that the service does not follow any more, for there are too many", () => {
  test.each<{ name: string; want: (all: Awaited<ReturnType<typeof live>>) => void }>([
    { name: "it is asked for", want: ({ client }) => void client.session("s1") },
    { name: "something is said in it", want: ({ session }) => void session.send("hello") },
    { name: "it is looked at", want: ({ session }) => session.markRead() },
  ])("is caught up with when $name, once", async ({ want }) => {
    const all = await live();
    const { client, session, sockets, said } = all;
    expect(client.session("s1")).toBe(session);
    sockets.last.hear(heard(text(1)));
    const before = said("resume").length;
    sockets.last.hear({ type: "unfollowed", session_id: "s1" });
    expect(session.state).toBe("offline");
    expect(said("resume")).toHaveLength(before);
    want(all);
    want(all);
    expect(said("resume").slice(before)).toMatchObject([
      { sessions: [{ session_id: "s1", versions: { "home:1": 1 } }] },
    ]);
    resume(all, { entries: [text(2)] });
    expect(session.state).toBe("live");
    expect(session.messages.slice(0, 2).map(({ content }) => content)).toEqual([
      "text 1",
      "text 2",
    ]);
  });
});

test("who is there is known once it was told, and not without a connection", async () => {
  const { session, sockets } = await live();
  expect(session.presence).toBeUndefined();
  const told = { type: "presence", session_id: "s1", user_online: true, admin_online: true };
  sockets.last.hear({ ...told, admins: [{ id: "ann", name: "Ann" }] });
  expect(session.presence).toEqual({
    isUserOnline: true,
    isAdminOnline: true,
    admins: [{ id: "ann", name: "Ann" }],
  });
  sockets.last.hear({ ...told, admin_online: false });
  expect(session.presence).toEqual({ isUserOnline: true, isAdminOnline: false, admins: [] });
  sockets.last.listener.closed(1_006, "");
  expect(session.presence).toBeUndefined();
});

describe("a new session", () => {
  test("begins with what is said first, and is the one that the user is in", async () => {
    const all = await live();
    const { client, session, sockets, said } = all;
    session.send("in the first");
    const next = client.begin();
    expect(next.id).toMatch(/^[0-9a-f]{32}$/);
    expect([next === session, client.session() === next]).toEqual([false, true]);
    await settle();
    sockets.last.hear({ ...error("NOT_FOUND"), session_id: next.id });
    const { key } = next.send("hello");
    expect(said("user_message").at(-1)).toMatchObject({ session_id: next.id, content: "hello" });
    acknowledge(all, key, 1, "f".repeat(32));
    expect(next.id).toBe("f".repeat(32));
    expect(session.messages.map(({ content }) => content)).toEqual(["in the first"]);
  });
});

describe("a session", () => {
  test("that does not exist begins with the first message, under the id that it gets", async () => {
    const all = await chat();
    const { session, sockets, said } = all;
    const { key } = session.send("a");
    expect([session.id, session.state, said("user_message")]).toEqual(["s1", "syncing", []]);
    sockets.last.hear(error("NOT_FOUND"));
    expect([session.state, said("user_message").length]).toEqual(["live", 1]);
    // Another device had just begun one.
    acknowledge(all, key, 3, "s2");
    expect(session.id).toBe("s2");
    expect(said("resume").at(-1)).toMatchObject({ session_id: "s2" });
  });

  test("that the service calls by another name takes that", async () => {
    const all = await chat();
    resume(all, { session_id: "s2", asked: "s1" });
    expect([all.session.id, all.session.state]).toEqual(["s2", "live"]);
  });

  test("that cannot be resumed now is resumed later", async () => {
    const { session, sockets, clock, said } = await chat();
    sockets.last.hear(error("DATABASE_ERROR"));
    expect([session.state, said("resume").length]).toEqual(["syncing", 1]);
    clock.advance(250);
    expect(said("resume")).toHaveLength(2);
  });

  test("that is another user's is refused, and nothing is said in it", async () => {
    const { session, sockets, said } = await chat();
    session.send("a");
    sockets.last.hear(error("UNAUTHORIZED"));
    expect([session.state, said("user_message")]).toEqual(["refused", []]);
  });

  test("asks once for what is missing, and shows what came after it when it is there", async () => {
    const { session, sockets, said } = await live();
    sockets.last.hear(heard(text(3)));
    sockets.last.hear(heard(text(4)));
    expect(said("retransmit")).toEqual([
      {
        type: "retransmit",
        session_id: "s1",
        origin: "home:1",
        from_sequence: 1,
        to_sequence: 2,
      },
    ]);
    expect(session.messages).toEqual([]);
    sockets.last.hear({ type: "messages", session_id: "s1", entries: [text(1), text(2)] });
    expect(session.messages).toHaveLength(4);
  });

  test("asks for the text of an answer that it lacks", async () => {
    const { session, sockets, said } = await live();
    const run = { run_id: "r", message_id: "m", reply_to: "q", model_id: "demo", attempt: 1 };
    const start = { ...run, control_epoch: 0, at: 0, text: "Hel" };
    sockets.last.hear({ type: "run_start", session_id: "s1", run: start });
    const delta = { type: "run_delta", session_id: "s1", run_id: "r", attempt: 1 };
    sockets.last.hear({ ...delta, at: 5, text: ", you" });
    expect(said("run_get")).toMatchObject([{ run_id: "r", from: 3 }]);
    const rest = { ...start, at: 3, text: "lo, you" };
    sockets.last.hear({ type: "run_start", session_id: "s1", run: rest });
    expect(session.answers).toMatchObject([{ text: "Hello, you" }]);
  });

  test("knows what is unread from cursors, and tells what was read when it can", async () => {
    const all = await live();
    const { session, sockets, said, clock } = all;
    for (const number of [1, 2]) sockets.last.hear(heard(entry("message", { number, ...bob })));
    expect(session.unread).toBe(2);
    // Another device of the same person.
    const phone = { device_id: "phone", read: { "home:1": 1 } };
    sockets.last.hear(heard(entry("receipt", { number: 3, ...phone })));
    expect(session.unread).toBe(1);
    sockets.last.listener.closed(1_006, "");
    session.markRead();
    expect(session.unread).toBe(0);
    clock.advance(20_000);
    await settle();
    sockets.last.greet();
    await settle();
    resume(all);
    expect(said("read_receipt")).toMatchObject([{ versions: { "home:1": 3 } }]);
  });

  test("tells of several messages of people that they are here with one receipt, and of none of a model", async () => {
    const { sockets, said, clock } = await live();
    sockets.last.hear(heard(entry("message", { number: 1, sender: "ai", author_id: undefined! })));
    clock.advance(5_000);
    expect(said("delivery_ack")).toEqual([]);
    for (const number of [2, 3]) sockets.last.hear(heard(entry("message", { number, ...bob })));
    clock.advance(5_000);
    expect(said("delivery_ack")).toMatchObject([{ versions: { "home:1": 3 } }]);
  });

  test("shows how far a message has come", async () => {
    const { session, sockets } = await live();
    const state = () => session.messages[0]!.state;
    sockets.last.hear(heard(entry("message", { number: 1 })));
    expect(state()).toBe("sent");
    const receipt = { ...bob, device_id: "desk" };
    const delivered = { "home:1": 1 };
    sockets.last.hear(heard(entry("receipt", { number: 2, ...receipt, delivered })));
    expect(state()).toBe("delivered");
    sockets.last.hear(heard(entry("receipt", { number: 3, ...receipt, read: delivered })));
    expect(state()).toBe("read");
  });

  test("shows who writes for as long as they do, and tells the same in moderation", async () => {
    const { session, sockets, clock, said } = await live();
    const typing = { type: "typing", session_id: "s1", sender: "admin", name: "Bob" };
    sockets.last.hear({ ...typing, on: true });
    expect(session.typing).toEqual([{ sender: "admin", name: "Bob" }]);
    clock.advance(6_000);
    expect(session.typing).toEqual([]);
    sockets.last.hear({ ...typing, on: true });
    sockets.last.hear(heard(entry("message", { number: 1, ...bob, name: "Bob" })));
    // What was being written is there.
    expect(session.typing).toEqual([]);
    for (let i = 0; i < 10; i++) session.typingNow();
    session.typingNow(false);
    session.typingNow(false);
    expect(said("typing").map(({ on }) => on)).toEqual([true, false]);
  });

  test("is not told to whom the device is next", async () => {
    const first = await live();
    first.sockets.last.hear(heard(entry("message", { number: 1, content: "secret" })));
    first.session.send("unsent secret");
    await first.client.close();
    const next = await chat({ storage: first.storage, online: false });
    await next.session.loaded();
    expect(next.session.messages).toHaveLength(2);
    next.client.connect();
    await settle();
    next.sockets.last.greet({ userId: "eve", sessionId: "s9" });
    await settle();
    expect([next.session.messages, next.session.id]).toEqual([[], "s9"]);
    expect(JSON.stringify(await first.storage.list(""))).not.toContain("secret");
  });

  test("that has ended is not gone back to by itself", async () => {
    const first = await live();
    first.sockets.last.hear(heard(entry("ended", { number: 1, by: "user:alice" })));
    expect(first.client.session()).not.toBe(first.session);
    await first.client.close();
    const next = await chat({ storage: first.storage, online: false });
    await next.session.loaded();
    expect(next.session.id).toMatch(/^new-/);
  });
});
