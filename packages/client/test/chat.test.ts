import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { createChat, memoryStorage, type ClientStorage } from "../src/index.ts";
import { entry, FakeSockets, settle } from "./_kit.ts";

/** A client whose service is the test. */
async function chat(given: { storage?: ClientStorage; online?: boolean } = {}) {
  const { storage = memoryStorage(), online = true } = given;
  const clock = virtualClock();
  const sockets = new FakeSockets();
  const client = createChat({
    url: "https://chat.example/ws",
    token: async () => "token",
    storage,
    platform: {
      clock,
      wallClock: () => 1_767_225_600_000 + clock.now(),
      random: () => 0.5,
      openSocket: sockets.open,
      wakes: () => () => undefined,
    },
  });
  const session = client.session();
  if (online) {
    client.connect();
    await settle();
    sockets.last.greet();
    await settle();
  }
  const said = (type: string) => sockets.last.said.filter((frame) => frame.type === type);
  return { client, session, clock, sockets, storage, said };
}
type Chat = Awaited<ReturnType<typeof chat>>;

function resume({ sockets }: Chat, given: object = {}): void {
  const state = { session_id: "s1", mode: "delta", entries: [], versions: {}, runs: [] };
  sockets.last.hear({ type: "resumed", sessions: [{ ...state, ...given }] });
}
const error = (code: string, given: object = {}) => ({
  type: "error",
  session_id: "s1",
  error: { code, message: code, recoverable: true, retry_after: 0 },
  ...given,
});
const refusal = (key: string, code: string, retry_after = 0) =>
  error(code, {
    client_message_id: key,
    error: { code, message: code, recoverable: true, retry_after },
  });
function acknowledge({ sockets }: Chat, key: string, number: number, session_id = "s1"): void {
  const where = { origin: "home:1", number, hlc: number * 1_024, status: "sent" };
  const ack = { type: "message_ack", session_id, client_message_id: key, message_id: `m${number}` };
  sockets.last.hear({ ...ack, ...where });
}
const heard = (given: object) => ({ type: "entry", session_id: "s1", entry: given });
const bob = { sender: "admin" as const, author_id: "bob" };
const text = (number: number) => entry("message", { number, ...bob });

async function live(given: Parameters<typeof chat>[0] = {}) {
  const all = await chat(given);
  resume(all);
  return all;
}

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

describe("what is sent", () => {
  test("may be the end of the session, which shows at once and is told when there is a connection", async () => {
    const all = await chat({ online: false });
    const { session, client, sockets, said } = all;
    session.end();
    expect(session.isEnded).toBe(true);
    client.connect();
    await settle();
    sockets.last.greet();
    await settle();
    resume(all);
    expect(said("end_session")).toMatchObject([{ session_id: "s1" }]);
  });

  test("goes one after the other, and keeps its order when the first is to be tried again", async () => {
    const all = await live();
    const { session, clock, sockets, said } = all;
    const [a, b] = [session.send("a"), session.send("b")];
    expect(said("user_message")).toMatchObject([{ content: "a", client_message_id: a.key }]);
    sockets.last.hear(refusal(a.key, "TOO_MANY_REQUESTS", 3_000));
    clock.advance(2_999);
    expect(said("user_message")).toHaveLength(1);
    clock.advance(1);
    expect(said("user_message")[1]).toMatchObject({ client_message_id: a.key });
    acknowledge(all, a.key, 1);
    expect(said("user_message")[2]).toMatchObject({ client_message_id: b.key });
    expect(session.messages.map(({ state }) => state)).toEqual(["sent", "queued"]);
  });

  test("and refused for good fails with the reason, and holds up nothing", async () => {
    const { session, sockets, said } = await live();
    const [a, b] = [session.send("a"), session.send("b")];
    sockets.last.hear(refusal(a.key, "SESSION_ENDED"));
    expect(said("user_message")[1]).toMatchObject({ client_message_id: b.key });
    expect(session.messages[0]).toMatchObject({
      state: "failed",
      failure: { code: "SESSION_ENDED" },
      content: "a",
    });
    sockets.last.hear(refusal(b.key, "SESSION_ENDED"));
    expect(session.discard(b.key)).toBe(true);
    session.retry(a.key);
    expect(said("user_message")[2]).toMatchObject({ client_message_id: a.key });
    expect(session.messages.map(({ key, state }) => [key, state])).toEqual([[a.key, "queued"]]);
    expect(session.discard(a.key)).toBe(false);
  });

  test("and failed stays where it was said, also after a reload, until it is tried again", async () => {
    const all = await live();
    const { client, session, sockets, storage } = all;
    const place = (of: typeof session) => of.messages.map(({ content }) => content);
    sockets.last.hear(heard(text(1)));
    const failed = session.send("a");
    sockets.last.hear(refusal(failed.key, "FORBIDDEN"));
    const later = session.send("b");
    acknowledge(all, later.key, 2);
    sockets.last.hear(heard(text(3)));
    const stored = { number: 2, message_id: "m2", client_message_id: later.key, content: "b" };
    sockets.last.hear(heard(entry("message", stored)));
    expect(place(session)).toEqual(["text 1", "a", "b", "text 3"]);
    await client.close();
    const again = await chat({ storage, online: false });
    await again.session.loaded();
    expect(place(again.session)).toEqual(["text 1", "a", "b", "text 3"]);
    again.session.retry(failed.key);
    expect(place(again.session)).toEqual(["text 1", "b", "text 3", "a"]);
  });

  test("and not answered is said again under the same id", async () => {
    const { session, clock, sockets, said } = await live();
    const { key } = session.send("a");
    clock.advance(14_999);
    sockets.last.hear({ type: "pong" });
    clock.advance(1);
    expect(said("user_message").map((frame) => frame["client_message_id"])).toEqual([key, key]);
  });

  test("and acknowledged by an acknowledgement that was lost is not said again", async () => {
    const all = await live();
    const { session, clock, sockets, said } = all;
    const { key } = session.send("a");
    sockets.last.listener.closed(1_006, "");
    clock.advance(20_000);
    await settle();
    sockets.last.greet();
    await settle();
    expect(said("resume")).toHaveLength(1);
    expect(said("user_message")).toHaveLength(0);
    const entries = [entry("message", { number: 1, client_message_id: key, content: "a" })];
    resume(all, { entries, versions: { "home:1": 1 } });
    expect(said("user_message")).toHaveLength(0);
    expect(session.messages).toMatchObject([{ key, state: "sent" }]);
  });

  test("is one with its entry, whichever of the two answers comes first", async () => {
    const all = await live();
    const { session, sockets } = all;
    const { key } = session.send("a");
    acknowledge(all, key, 1);
    expect(session.messages).toMatchObject([{ key, id: "m1", state: "sent" }]);
    const stored = { number: 1, message_id: "m1", client_message_id: key, content: "a" };
    sockets.last.hear(heard(entry("message", stored)));
    expect(session.messages).toMatchObject([{ key, id: "m1", state: "sent" }]);
  });

  test("shows a change at once, and takes it back when it is refused", async () => {
    const { session, sockets, said } = await live();
    const refused: unknown[] = [];
    session.on("refused", (event) => refused.push(event));
    sockets.last.hear(heard(entry("message", { number: 1, content: "a" })));
    session.edit("home:1/1", "b");
    expect(session.messages).toMatchObject([{ content: "b", isEdited: true }]);
    const key = said("edit")[0]?.["client_message_id"];
    sockets.last.hear(refusal(String(key), "FORBIDDEN"));
    expect(session.messages).toMatchObject([{ content: "a", isEdited: false }]);
    expect(refused).toEqual([{ code: "FORBIDDEN", message: "FORBIDDEN", key: undefined }]);
  });

  test("with files is a message for each, the text with the last", async () => {
    const { session } = await live();
    const files = [
      { fileId: "1", fileUrl: "u1", name: "a.png", contentType: "image/png", bytes: 7 },
      { fileId: "2", fileUrl: "u2", isVoice: true },
    ];
    const message = session.send("look", { files });
    expect(session.messages).toMatchObject([
      { type: "file", content: "", file: { file_id: "1", name: "a.png", bytes: 7 } },
      { type: "voice", content: "look", file: { file_id: "2" }, key: message.key },
    ]);
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
