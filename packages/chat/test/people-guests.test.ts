import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GuestTokens } from "../src/auth/guest-tokens.ts";
import { apiOf } from "./_api.ts";
import { form } from "./_content-kit.ts";
import { metricOf } from "./_metrics.ts";
import { Client, runningChat, SECRETS, tokenOf } from "./_running-chat.ts";
import { PNG } from "./_uploads.ts";
import { device, entry, refusal, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const RATES = {
  ...UNLIMITED,
  public: { points: 10_000, perMs: 60_000 },
  admin: { points: 10_000, perMs: 60_000 },
};
const opened = new AsyncDisposableStack();
let running: Awaited<ReturnType<typeof runningChat>>;
let model: Awaited<ReturnType<typeof scriptedModel>>;
let port: number;
let nobody: ReturnType<typeof apiOf>;

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  running = opened.use(await runningChat({ providers: [model.provider], rates: RATES }));
  ({ port } = running.chat);
  nobody = apiOf(port, undefined);
});
afterAll(() => opened.disposeAsync());

async function visitor(): Promise<{ token: string; userId: string }> {
  const { status, body } = await nobody("POST", "/guest");
  expect(status).toBe(200);
  return { token: body["token"] as string, userId: body["user_id"] as string };
}
let users = 0;
let talks = 0;

/** The first question in which these words are: whether others were asked before it is chance. */
async function questionWith(words: string) {
  for (let n = 1; ; n++) {
    const question = await model.question(n);
    if (question.prompt.includes(words)) return question;
  }
}

describe("a visitor without an account", () => {
  test("gets a token with which they talk, as nobody else and without any role", async () => {
    const { token, userId } = await visitor();
    expect(userId).toMatch(/^guest:/);
    using client = await Client.open(port, token);
    expect(await client.next("connection_status")).toMatchObject({ user_id: userId });
    await say(client, "hello");
    // Lists are a moment behind what was said.
    await expect
      .poll(async () => (await apiOf(port, token)("GET", "/sessions")).body)
      .toMatchObject({ user_id: userId, count: 1 });
    expect((await apiOf(port, token)("GET", "/admin/sessions")).status).toBe(403);
    expect((await visitor()).userId).not.toBe(userId);
  });

  test("stays the same one when their device renews its token, and is not cached", async () => {
    const { token, userId } = await visitor();
    const renewed = await apiOf(port, token)("POST", "/guest");
    expect(renewed).toMatchObject({ status: 200, body: { user_id: userId } });
    expect(Date.parse(renewed.body["expires_at"] as string)).toBeGreaterThan(Date.now());
    expect(renewed.headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    { name: "a token that is over", token: () => former(-7_200_000), code: "EXPIRED_TOKEN" },
    { name: "a user's token", token: () => tokenOf("alice"), code: "INVALID_TOKEN" },
    { name: "a token that somebody made up", token: () => "not.a.token", code: "INVALID_TOKEN" },
  ])("gets none for $name", async ({ token, code }) => {
    expect(await apiOf(port, token())("POST", "/guest")).toMatchObject({
      status: 401,
      body: { code },
    });
  });

  test("cannot be had where guests are not allowed, nor can a token of one be used", async () => {
    await using closed = await runningChat({ guests: undefined });
    const at = closed.chat.port;
    expect((await apiOf(at, undefined)("POST", "/guest")).status).toBe(403);
    const { token } = await visitor();
    expect((await apiOf(at, token)("GET", "/sessions")).status).toBe(401);
  });

  test("is one of so many of an address in a minute", async () => {
    await using strict = await runningChat({
      rates: { ...UNLIMITED, public: { points: 2, perMs: 60_000 } },
    });
    const ask = apiOf(strict.chat.port, undefined);
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await ask("POST", "/guest")).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await ask("POST", "/guest");
    expect(refused.body).toMatchObject({ code: "RATE_LIMITED" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  });
});

function former(agoMs: number): string {
  const tokens = new GuestTokens({ secrets: [SECRETS.token], lifeMs: 3_600_000 });
  return tokens.mint(Date.now() + agoMs).token;
}

/** A visitor who has said something that was answered. */
async function talking() {
  const guest = await visitor();
  const phone = await device(port, guest.token, "phone");
  const words = `do you ship to Malta (${++talks})?`;
  const { session_id, message_id } = await say(phone, words);
  await (await questionWith(words)).answer("Yes, we do.");
  await entry(phone, (one) => one.kind === "message" && one.sender === "ai");
  return {
    guest,
    phone,
    session_id,
    message_id,
    words,
    [Symbol.dispose]: () => phone[Symbol.dispose](),
  };
}

const calls = () =>
  metricOf(running.metrics)(
    'chat_alert_messages_total{event="help_request",channel="mail",outcome="sent"}',
  );

describe("a visitor who says who they are", () => {
  test("has what they said in their own name, in order and at its time, with everything done to it", async () => {
    using was = await talking();
    const { phone, session_id: from, message_id } = was;
    phone.send({ type: "reaction", session_id: from, message_id, emoji: "👍" });
    await entry(phone, ({ kind }) => kind === "reaction");
    phone.send({ type: "edit", session_id: from, message_id, content: "Do you ship to Malta?" });
    await entry(phone, ({ kind }) => kind === "edit");
    const userId = `user-${++users}`;
    const user = apiOf(port, tokenOf(userId));
    const { body, status } = await user("POST", "/guest/merge", { guest_token: was.guest.token });
    expect(status).toBe(200);
    expect(body).toMatchObject({ user_id: userId, sessions: [{ from }] });
    const to = (body["sessions"] as { session_id: string }[])[0]!.session_id;
    const before = await apiOf(port, was.guest.token)("GET", `/sessions/${from}`);
    const after = await user("GET", `/sessions/${to}`);
    const told = (answer: typeof after) =>
      (answer.body["messages"] as Record<string, unknown>[]).map((one) => ({
        ...one,
        id: undefined,
        reply_to: undefined,
        reactions: undefined,
      }));
    expect(told(after)).toEqual(told(before));
    expect(told(after)).toMatchObject([
      { sender: "user", content: "Do you ship to Malta?", edited: true },
      { sender: "ai", content: "Yes, we do." },
    ]);
    const [question, answer] = after.body["messages"] as Record<string, unknown>[];
    expect(question).toMatchObject({ reactions: { "👍": [`user:${userId}`] } });
    expect(answer).toMatchObject({ reply_to: question!["id"] });

    // They go on where they were, also under the id that their device knows.
    using again = await device(port, tokenOf(userId), "phone");
    expect((await again.next("connection_status")).session_id).toBe(to);
    expect((await resume(again, from)).session_id).toBe(to);
    const next = await say(again, "and to Gozo?");
    expect(next.session_id).toBe(to);
    // The model knows what it was asked when they were a guest.
    expect((await questionWith("and to Gozo?")).prompt).toContain("Do you ship to Malta?");
  });

  test("has what they said the moment before as well", async () => {
    for (let i = 0; i < 5; i++) {
      const guest = await visitor();
      using phone = await device(port, guest.token, "phone");
      const { session_id: from } = await say(phone, "just now");
      const user = apiOf(port, tokenOf(`user-${++users}`));
      const { body } = await user("POST", "/guest/merge", { guest_token: guest.token });
      expect(body).toMatchObject({ sessions: [{ from }] });
      const [{ session_id: to }] = body["sessions"] as [{ session_id: string }];
      // With the answer that was just begun, as far as it was.
      const told = [
        { sender: "user", content: "just now" },
        { sender: "ai", content: "", status: "stopped" },
      ];
      expect((await user("GET", `/sessions/${to}`)).body["messages"]).toMatchObject(told);
      const left = apiOf(port, guest.token);
      expect((await left("GET", `/sessions/${from}`)).body["messages"]).toMatchObject(told);
    }
  });

  test("has the answer that was being written, with all that was read of it", async () => {
    const guest = await visitor();
    using phone = await device(port, guest.token, "phone");
    const words = `may I ask (${++talks})?`;
    await say(phone, words);
    const question = await questionWith(words);
    await question.say("You may ");
    await phone.next("run_delta");
    const user = apiOf(port, tokenOf(`user-${++users}`));
    const { body } = await user("POST", "/guest/merge", { guest_token: guest.token });
    const [{ session_id: to }] = body["sessions"] as [{ session_id: string }];
    expect((await user("GET", `/sessions/${to}`)).body["messages"]).toMatchObject([
      { content: words },
      { sender: "ai", content: "You may " },
    ]);
  });

  test("has it once, however often it is asked for and by however many at once", async () => {
    using was = await talking();
    const userId = `user-${++users}`;
    const user = apiOf(port, tokenOf(userId));
    const merge = () => user("POST", "/guest/merge", { guest_token: was.guest.token });
    const all = await Promise.all([merge(), merge(), merge()]);
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    const first = all[0].body;
    expect((await merge()).body).toEqual(first);
    await expect
      .poll(async () => (await user("GET", "/sessions")).body)
      .toMatchObject({ count: 1, sessions: [{ message_count: 2, is_active: true }] });
  });

  test("has their files, sent or not, as their own", async () => {
    const guest = await visitor();
    const upload = async (token: string, name: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const at = `http://127.0.0.1:${port}/chat/upload`;
      const answer = await fetch(at, { method: "POST", headers, body: form(PNG, name) });
      return (await answer.json()) as { file_id: string; file_url: string };
    };
    using phone = await device(port, guest.token, "phone");
    const { file_id, file_url } = await upload(guest.token, "cat.png");
    phone.send({ type: "file_upload", file_id, file_url, content: "", client_message_id: "f1" });
    await phone.next("message_ack");
    const unsent = await upload(guest.token, "dog.png");
    const token = tokenOf(`user-${++users}`);
    const user = apiOf(port, token);
    const { body } = await user("POST", "/guest/merge", { guest_token: guest.token });
    const [{ session_id }] = body["sessions"] as [{ session_id: string }];
    const shown = (await user("GET", `/sessions/${session_id}`)).body["messages"];
    const [message] = shown as [{ file_id: string; file_url: string }];
    expect(message).toMatchObject({ file_id });
    expect(message.file_url).not.toBe(file_url);
    expect((await fetch(`http://127.0.0.1:${port}${message.file_url}`)).status).toBe(200);
    expect((await user("GET", "/files")).body).toMatchObject({ count: 2 });
    using again = await device(port, token, "phone");
    again.send({ type: "file_upload", ...unsent, content: "", client_message_id: "f2" });
    await again.next("message_ack");
    // The guest's session goes first, as by retention: the file stays with the user's.
    await apiOf(port, guest.token)("DELETE", "/me/data");
    expect((await fetch(`http://127.0.0.1:${port}${message.file_url}`)).status).toBe(200);
  });

  test("is the only one who has it: whoever holds the guest's token after that gets nothing", async () => {
    using was = await talking();
    const [alice, bob] = [`user-${++users}`, `user-${++users}`].map((one) =>
      apiOf(port, tokenOf(one)),
    );
    const body = { guest_token: was.guest.token };
    const first = await alice!("POST", "/guest/merge", body);
    expect((await bob!("POST", "/guest/merge", body)).body).toMatchObject({ sessions: [] });
    expect((await alice!("POST", "/guest/merge", body)).body).toEqual(first.body);
    expect((await bob!("GET", "/sessions")).body).toMatchObject({ count: 0 });
  });

  test("changes what they said also by the names that the device knows, once", async () => {
    using was = await talking();
    const token = tokenOf(`user-${++users}`);
    await apiOf(port, token)("POST", "/guest/merge", { guest_token: was.guest.token });
    using again = await device(port, token, "phone");
    const { session_id } = await resume(again, was.session_id);
    const edit = { type: "edit", session_id, message_id: was.message_id, content: "and Gozo?" };
    again.send({ ...edit, client_message_id: "e1" });
    const { message_id } = await again.next("message_ack");
    expect(message_id).not.toBe(was.message_id);
    const { body } = await apiOf(port, token)("GET", `/sessions/${session_id}`);
    expect(body["messages"]).toMatchObject([{ content: "and Gozo?", edited: true }, {}]);
    again.send({ ...edit, message_id: "0".repeat(32) });
    expect((await refusal(again)).error.code).toBe("NOT_FOUND");
  });

  test("ends what the device has open as a guest, and costs are not counted twice", async () => {
    using was = await talking();
    const userId = `user-${++users}`;
    const user = apiOf(port, tokenOf(userId));
    await user("POST", "/guest/merge", { guest_token: was.guest.token });
    await entry(was.phone, ({ kind }) => kind === "ended");
    // Whatever else of the device is open as the guest begins anew, as another one.
    expect((await was.phone.closed).code).toBe(4410);
    using late = await device(port, was.guest.token, "phone");
    late.send({ type: "user_message", session_id: was.session_id, content: "one more" });
    expect((await refusal(late)).error.code).toBe("SESSION_ENDED");
    await expect
      .poll(async () => (await user("GET", "/sessions")).body)
      .toMatchObject({ sessions: [{ total_tokens: 0, name: was.words }] });
  });

  test("goes on in their own session, if they are in one", async () => {
    const token = tokenOf(`user-${++users}`);
    using own = await device(port, token, "laptop");
    const { session_id } = await say(own, "my own");
    using was = await talking();
    await apiOf(port, token)("POST", "/guest/merge", { guest_token: was.guest.token });
    using again = await device(port, token, "phone");
    expect((await again.next("connection_status")).session_id).toBe(session_id);
    await expect
      .poll(async () => (await apiOf(port, token)("GET", "/sessions")).body)
      .toMatchObject({ count: 2 });
  });

  test("does not call for help once more", async () => {
    using was = await talking();
    was.phone.send({ type: "help_request", session_id: was.session_id });
    await was.phone.next("connection_status", ({ content }) => content !== undefined);
    const before = await calls();
    await apiOf(port, tokenOf(`user-${++users}`))("POST", "/guest/merge", {
      guest_token: was.guest.token,
    });
    expect(await calls()).toBe(before);
  });

  test.each([
    { name: "a token of a user", guest: () => tokenOf("mallory"), status: 401 },
    { name: "a token that is over", guest: () => former(-7_200_000), status: 401 },
    { name: "none", guest: () => undefined, status: 400 },
  ])("is refused with $name for the guest's", async ({ guest, status }) => {
    const user = apiOf(port, tokenOf("alice"));
    expect((await user("POST", "/guest/merge", { guest_token: guest() })).status).toBe(status);
  });

  test("is no guest themselves, and not nobody", async () => {
    const [one, other] = [await visitor(), await visitor()];
    const body = { guest_token: other.token };
    expect((await apiOf(port, one.token)("POST", "/guest/merge", body)).status).toBe(403);
    expect((await nobody("POST", "/guest/merge", body)).status).toBe(401);
  });
});
