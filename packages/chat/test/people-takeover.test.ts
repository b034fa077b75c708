import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiOf } from "./_api.ts";
import { metricOf } from "./_metrics.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { device, entry, refusal, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const bobs = tokenOf("bob", ["admin"]);
const anns = tokenOf("ann", ["chat_admin"]);
const MANY = { ...UNLIMITED, admin: { points: 10_000, perMs: 60_000 } };

let users = 0;
const someone = () => `user-${++users}`;

describe("a takeover", () => {
  const opened = new AsyncDisposableStack();
  let running: Awaited<ReturnType<typeof runningChat>>;
  let model: Awaited<ReturnType<typeof scriptedModel>>;
  let port: number;
  beforeAll(async () => {
    model = opened.use(await scriptedModel());
    running = opened.use(await runningChat({ providers: [model.provider], rates: MANY }));
    ({ port } = running.chat);
  });
  afterAll(() => opened.disposeAsync());

  test("is seen by every device, old clients as well, until it is left", async () => {
    const token = tokenOf(someone());
    using phone = await device(port, token, "phone");
    const { session_id } = await say(phone, "hello");
    using old = await Client.open(port, token, `?session_id=${session_id}`);
    await old.next("connection_status");
    const bob = apiOf(port, bobs);
    expect(await bob("POST", `/admin/takeover/${session_id}`)).toMatchObject({
      status: 200,
      body: { session_id, admin_id: "bob", message: expect.any(String) as string },
    });
    expect(await old.next("admin_join")).toMatchObject({
      sender: "admin",
      content: "bob has joined the chat",
      metadata: { admin_id: "bob", admin_name: "bob" },
    });
    await entry(phone, (one) => one.kind === "control" && one.mode === "person");
    expect((await bob("POST", `/admin/leave/${session_id}`)).status).toBe(200);
    expect(await old.next("admin_leave")).toMatchObject({ content: "bob has left the chat" });
    await entry(phone, (one) => one.kind === "control" && one.why === "leave");
  });

  // T-24: of two that came at once both had it, or one overwrote the other.
  test("is one admin's alone, whoever comes at once; the other is told who has it", async () => {
    using phone = await device(port, tokenOf(someone()), "phone");
    const { session_id } = await say(phone, "hello");
    const all = await Promise.all(
      [bobs, anns, bobs, anns].map((token) =>
        apiOf(port, token)("POST", `/admin/takeover/${session_id}`),
      ),
    );
    const statuses = all.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, 200, 400, 400]);
    const refused = all.find(({ status }) => status === 400)!;
    expect(refused.body).toMatchObject({
      code: "BAD_REQUEST",
      error: refused.body["message"],
      message: expect.stringMatching(/^(bob|ann) has this session$/) as string,
    });
    const { entries } = await resume(phone, session_id);
    expect(entries.filter(({ kind }) => kind === "control")).toHaveLength(1);
  });

  test("lasts when its admin's socket is gone and another comes", async () => {
    using phone = await device(port, tokenOf(someone()), "phone");
    const { session_id } = await say(phone, "hello");
    const first = await device(port, bobs, "desk");
    first.send({ type: "admin_join", session_id });
    await entry(first, ({ kind }) => kind === "control");
    first.socket.close();
    await first.closed;
    using again = await device(port, bobs, "desk");
    await resume(again, session_id);
    await say(again, "back again", { session_id });
    using ann = await device(port, anns, "desk");
    ann.send({ type: "user_message", session_id, content: "me too" });
    expect((await refusal(ann)).error.code).toBe("FORBIDDEN");
  });

  // T-10: a session that was over could be taken.
  test("of a session that is over is refused", async () => {
    const token = tokenOf(someone());
    using phone = await device(port, token, "phone");
    const { session_id } = await say(phone, "hello");
    await apiOf(port, token)("POST", `/sessions/${session_id}/end`);
    const taken = await apiOf(port, bobs)("POST", `/admin/takeover/${session_id}`);
    expect(taken).toMatchObject({ status: 409, body: { code: "SESSION_ENDED" } });
    const unknown = await apiOf(port, bobs)("POST", `/admin/takeover/${"0".repeat(32)}`);
    expect(unknown).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  test.each(["takeover", "leave", "transfer", "notes"])(
    "is nothing that a user can do to their own session: %s",
    async (what) => {
      const token = tokenOf(someone());
      using phone = await device(port, token, "phone");
      const { session_id } = await say(phone, "hello");
      const answer = await apiOf(port, token)("POST", `/admin/${what}/${session_id}`, {});
      expect(answer).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    },
  );

  test("is handed to another admin, over HTTP and on a socket, by who has it alone", async () => {
    using phone = await device(port, tokenOf(someone()), "phone");
    const { session_id } = await say(phone, "hello");
    const [bob, ann] = [apiOf(port, bobs), apiOf(port, anns)];
    expect((await bob("POST", `/admin/transfer/${session_id}`, to("ann"))).status).toBe(400);
    await bob("POST", `/admin/takeover/${session_id}`);
    expect((await ann("POST", `/admin/transfer/${session_id}`, to("ann"))).status).toBe(400);
    const handed = await bob("POST", `/admin/transfer/${session_id}`, to("ann", "Ann"));
    expect(handed).toMatchObject({ status: 200, body: { admin_id: "ann" } });
    await entry(phone, (one) => one.kind === "control" && one.admin_name === "Ann");
    using desk = await device(port, anns, "desk");
    await say(desk, "now it is me", { session_id });
    desk.send({ type: "admin_transfer", session_id, admin_id: "bob" });
    await entry(phone, (one) => one.kind === "control" && one.admin_id === "bob", 1);
    using back = await device(port, bobs, "desk");
    await say(back, "and me again", { session_id });
    expect((await bob("POST", `/admin/transfer/${session_id}`, {})).body).toMatchObject({
      code: "MISSING_FIELD",
    });
  });

  test("is counted, and so are requests beyond an admin's limit", async () => {
    const { points } = { points: 2 };
    await using limited = await runningChat({
      rates: { ...UNLIMITED, admin: { points, perMs: 60_000 } },
    });
    const metric = metricOf(limited.metrics);
    using phone = await device(limited.chat.port, tokenOf("alice"), "phone");
    const { session_id } = await say(phone, "hello");
    const bob = apiOf(limited.chat.port, bobs);
    await bob("POST", `/admin/takeover/${session_id}`);
    await bob("POST", `/admin/takeover/${session_id}`);
    const refused = await bob("GET", "/admin/sessions");
    expect(refused).toMatchObject({
      status: 429,
      body: {
        error: "rate_limit_exceeded",
        code: "RATE_LIMITED",
        message: expect.any(String) as string,
        retry_after_ms: expect.any(Number) as number,
      },
    });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await metric("chatbox_admin_takeovers_total")).toBe(1);
    expect(await metric('chatbox_ratelimit_blocked_total{limiter="admin"}')).toBe(1);
    // Another admin has a limit of their own.
    expect((await apiOf(limited.chat.port, anns)("GET", "/admin/sessions")).status).toBe(200);
  });
});

function to(admin_id: string, admin_name?: string) {
  return { admin_id, admin_name };
}

/** A chat in which takeovers end soon. */
async function briefLeases() {
  const opened = new AsyncDisposableStack();
  const model = opened.use(await scriptedModel());
  const given = { providers: [model.provider], rates: MANY, takeoverLeaseMs: 500 } as const;
  const running = opened.use(await runningChat(given));
  const { port } = running.chat;
  return { model, port, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

describe("an admin who is gone", () => {
  test("loses the session after the lease; the AI answers who still waits, and knows what was said", async () => {
    await using brief = await briefLeases();
    const { model, port } = brief;
    using phone = await device(port, tokenOf("alice"), "phone");
    const { session_id } = await say(phone, "who are you?");
    await (await model.question(1)).answer("A machine.");
    await entry(phone, (one) => one.kind === "message" && one.sender === "ai");
    const bob = await device(port, bobs, "desk");
    bob.send({ type: "admin_join", session_id });
    await entry(bob, ({ kind }) => kind === "control");
    await say(bob, "I am Bob, your case is 4711", { session_id });
    bob.send({ type: "note", session_id, content: "she owes us 99 euros" });
    await bob.next("message_ack", ({ client_message_id }) =>
      client_message_id.startsWith("server:"),
    );
    bob.socket.close();
    await bob.closed;
    // Nobody is there to read this but, in the end, the AI.
    await say(phone, "and what is my case?", { session_id });
    const { entry: back } = await entry(
      phone,
      (one) => one.kind === "control" && one.why === "lease",
    );
    expect(back).toMatchObject({
      mode: "bot",
      admin_id: "bob",
      sender: "system",
      control_epoch: 2,
    });
    const question = await model.question(2);
    expect(question.prompt).toContain("your case is 4711");
    expect(question.prompt).toContain("and what is my case?");
    // A note is for admins alone, and no model is one.
    expect(question.prompt).not.toContain("99 euros");
    await question.answer("4711.");
    await entry(phone, (one) => one.kind === "message" && one.content === "4711.");
  });

  test("keeps it while they follow it, however long they say nothing", async () => {
    await using brief = await briefLeases();
    const { port } = brief;
    using phone = await device(port, tokenOf("alice"), "phone");
    const { session_id } = await say(phone, "hello");
    using bob = await device(port, bobs, "desk");
    bob.send({ type: "admin_join", session_id });
    await entry(bob, ({ kind }) => kind === "control");
    // Another takeover of the same age whose admin never follows it: it ends first.
    using other = await device(port, tokenOf("carol"), "phone");
    const { session_id: second } = await say(other, "hello");
    await apiOf(port, anns)("POST", `/admin/takeover/${second}`);
    await entry(other, (one) => one.kind === "control" && one.why === "lease");
    await say(bob, "still here", { session_id });
  });
});

describe("private notes", () => {
  test("are written over HTTP too, once for each id, and shown to admins alone", async () => {
    await using running = await runningChat({ rates: MANY });
    const { port } = running.chat;
    const token = tokenOf("alice");
    using phone = await device(port, token, "phone");
    const { session_id } = await say(phone, "hello");
    const [bob, alice] = [apiOf(port, bobs), apiOf(port, token)];
    const note = { content: "  be careful with her  ", client_message_id: "n1" };
    const first = await bob("POST", `/admin/notes/${session_id}`, note);
    const again = await bob("POST", `/admin/notes/${session_id}`, note);
    expect([first.status, again.body]).toEqual([201, first.body]);
    expect((await bob("POST", `/admin/notes/${session_id}`, { content: " " })).status).toBe(400);
    const huge = await bob("POST", `/admin/notes/${session_id}`, { content: "x".repeat(70_000) });
    expect(huge).toMatchObject({ status: 413, body: { code: "MESSAGE_TOO_LARGE" } });
    const shown = await bob("GET", `/sessions/${session_id}`);
    const notes = (shown.body["messages"] as { is_note?: boolean; content: string }[]).filter(
      ({ is_note }) => is_note === true,
    );
    expect(notes).toMatchObject([{ content: "be careful with her", sender: "admin", name: "bob" }]);
    const own = await alice("GET", `/sessions/${session_id}`);
    expect(JSON.stringify(own.body)).not.toContain("careful");
    const { entries } = await resume(phone, session_id);
    expect(JSON.stringify(entries)).not.toContain("careful");
  });
});
