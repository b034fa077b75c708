import type { ServerFrame, ServerFrames } from "@warren/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { over, refusal, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const opened = new AsyncDisposableStack();
let model: Awaited<ReturnType<typeof scriptedModel>>;
let port: number;
let users = 0;
let user: string;
let token: string;

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  const running = opened.use(await runningChat({ providers: [model.provider], rates: UNLIMITED }));
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());
beforeEach(() => {
  user = `user-${++users}`;
  token = tokenOf(user);
});

/** The question that came next, whoever asked it. */
function nextQuestion() {
  return model.question(model.asked().length + 1);
}

async function classic(session_id?: string): Promise<Client> {
  const client = await Client.open(port, token, session_id && `?session_id=${session_id}`);
  await client.next("connection_status");
  return client;
}

function chunks(client: Client): ServerFrames["ai_response"][] {
  return client.heard.filter((frame) => frame.type === "ai_response");
}

test("an answer streams in pieces whose last says that it is done", async () => {
  using client = await classic();
  const asked = nextQuestion();
  client.send({
    type: "user_message",
    session_id: "x",
    content: "hi",
    metadata: { page: 3, beta: true },
  });
  const question = await asked;
  await client.next("loading");
  await question.say("Hel");
  await client.next("ai_response");
  await question.answer("lo");
  const done = await client.next("ai_response", ({ metadata }) => metadata?.["done"] === "true");
  const all = chunks(client);
  expect(all.map(({ content }) => content ?? "").join("")).toBe("Hello");
  expect(all.map(({ metadata }) => metadata)).toEqual([
    ...all.slice(1).map(() => ({ streaming: "true", done: "false" })),
    { streaming: "true", done: "true" },
  ]);
  expect(done).toMatchObject({ sender: "ai", model_id: "scripted" });
});

test("another device hears the message, and the sender has no echo of it", async () => {
  using phone = await classic();
  const { session_id } = await say(phone, "begins");
  using laptop = await classic(session_id);
  phone.send({
    type: "user_message",
    session_id,
    content: "numbers",
    client_message_id: "n",
    metadata: { page: 3, beta: true },
  });
  const heard = await laptop.next(
    "user_message",
    ({ client_message_id }) => client_message_id === "n",
  );
  expect(heard).toMatchObject({
    content: "numbers",
    sender: "user",
    metadata: { page: "3", beta: "true" },
  });
  await phone.next("message_ack", ({ client_message_id }) => client_message_id === "n");
  await say(laptop, "an answer from the laptop");
  await phone.next("user_message", ({ content }) => content === "an answer from the laptop");
  expect(phone.heard.filter(({ type }) => type === "user_message")).toHaveLength(1);
});

test.each([
  { name: "ping", frame: { type: "ping" }, answer: "pong" },
  { name: "heartbeat", frame: { type: "heartbeat" }, answer: "heartbeat_ack" },
] as const)("$name is answered", async ({ frame, answer }) => {
  using client = await classic();
  client.send(frame);
  await client.next(answer);
});

const AHEAD = new Date(Date.now() + 3_600_000).toISOString();
const WRONG: { name: string; text: string; code: string; named?: boolean }[] = [
  { name: "no JSON", text: "{", code: "INVALID_FORMAT" },
  { name: "no object", text: "[]", code: "INVALID_FORMAT" },
  { name: "no type", text: '{"client_message_id":"w"}', code: "MISSING_FIELD", named: true },
  {
    name: "an unknown type",
    text: '{"type":"dance","client_message_id":"w"}',
    code: "INVALID_FORMAT",
    named: true,
  },
  {
    name: "a type of the service",
    text: '{"type":"ai_response","client_message_id":"w"}',
    code: "INVALID_FORMAT",
    named: true,
  },
  { name: "the name of a property", text: '{"type":"constructor"}', code: "INVALID_FORMAT" },
  {
    name: "no content",
    text: '{"type":"user_message","client_message_id":"w"}',
    code: "MISSING_FIELD",
    named: true,
  },
  {
    name: "a content that is too long",
    text: JSON.stringify({
      type: "user_message",
      content: "x".repeat(10_001),
      client_message_id: "w",
    }),
    code: "INVALID_FORMAT",
    named: true,
  },
  {
    name: "a time in the future",
    text: JSON.stringify({
      type: "user_message",
      content: "x",
      client_message_id: "w",
      timestamp: AHEAD,
    }),
    code: "INVALID_FORMAT",
    named: true,
  },
  {
    name: "a model that is none",
    text: JSON.stringify({ type: "model_select", model_id: "none", client_message_id: "w" }),
    code: "INVALID_FORMAT",
    named: true,
  },
  {
    name: "help in a session that is not there",
    text: JSON.stringify({ type: "help_request", session_id: "nowhere", client_message_id: "w" }),
    code: "NOT_FOUND",
    named: true,
  },
  {
    name: "a file that is nowhere",
    text: JSON.stringify({
      type: "file_upload",
      file_id: "f",
      file_url: "http://files.test/f",
      client_message_id: "w",
    }),
    code: "INVALID_FORMAT",
    named: true,
  },
  {
    name: "a file in a session that is not there",
    text: JSON.stringify({
      type: "file_upload",
      session_id: "nowhere",
      file_id: "f",
      file_url: "http://files.test/f",
      client_message_id: "w",
    }),
    code: "NOT_FOUND",
    named: true,
  },
];
test.each(WRONG)("$name is refused on its socket, which goes on", async ({ text, code, named }) => {
  using client = await classic();
  client.socket.send(text);
  const error = await refusal(client);
  expect(error).toMatchObject({ sender: "ai", error: { code, recoverable: true } });
  expect(error.client_message_id).toBe(named ? "w" : undefined);
  expect((await say(client, "goes on")).status).toBe("sent");
});

test("messages that are sent without waiting keep their order", async () => {
  const names = Array.from({ length: 200 }, (_, at) => `p-${at}`);
  // Even before the service has said hello.
  using eager = await Client.open(port, token);
  for (const client_message_id of names)
    eager.send({ type: "user_message", content: "x", client_message_id });
  await eager.next("message_ack", (ack) => ack.client_message_id === names.at(-1));
  const acks = eager.heard.filter((frame: ServerFrame) => frame.type === "message_ack");
  expect(acks.map(({ client_message_id }) => client_message_id)).toEqual(names);
  const numbers = acks.map(({ number }) => number);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(eager.heard[0]!.type).toBe("connection_status");
  const { body } = await over(port, token, ["GET", `/sessions/${acks[0]!.session_id}`]);
  expect(body["messages"]).toHaveLength(200);
});

test("closing one device leaves the answers of the others alone", async () => {
  const phone = await classic();
  const asked = nextQuestion();
  const { session_id } = await say(phone, "a long one");
  using laptop = await classic(session_id);
  phone.socket.close();
  await phone.closed;
  const question = await asked;
  await question.answer("for who stayed");
  await laptop.next("ai_response", ({ metadata }) => metadata?.["done"] === "true");
  expect(
    chunks(laptop)
      .map(({ content }) => content ?? "")
      .join(""),
  ).toBe("for who stayed");
});

test("two first messages at once on two sockets begin one session", async () => {
  for (let round = 0; round < 10; round++) {
    const fresh = tokenOf(`${user}-${round}`);
    using one = await Client.open(port, fresh);
    using two = await Client.open(port, fresh);
    const acks = await Promise.all([
      say(one, "one", { session_id: `one-${round}` }),
      say(two, "two", { session_id: `two-${round}` }),
    ]);
    expect(acks[0].session_id).toBe(acks[1].session_id);
    const { body: read } = await over(port, fresh, ["GET", `/sessions/${acks[0].session_id}`]);
    expect(read["messages"]).toHaveLength(2);
    // Reading it has brought its row up to it.
    const { body } = await over(port, fresh, ["GET", "/sessions"]);
    expect(body["sessions"]).toMatchObject([{ message_count: 2 }]);
    const { start_time } = (body["sessions"] as { start_time: string }[])[0]!;
    expect(Date.now() - Date.parse(start_time)).toBeLessThan(60_000);
  }
});

test("an answer that is stopped before its first word takes the sign of it away", async () => {
  using client = await classic();
  const asked = nextQuestion();
  const { session_id } = await say(client, "never mind");
  await asked;
  await client.next("loading");
  client.send({ type: "stop", session_id });
  expect(await client.next("ai_response")).toMatchObject({ metadata: { done: "true" } });
});

describe("a session that was ended", () => {
  test("takes no message, from any device, and its owner begins another", async () => {
    using client = await classic();
    const { session_id } = await say(client, "over soon");
    await over(port, token, ["POST", `/sessions/${session_id}/end`]);
    client.send({
      type: "user_message",
      session_id,
      content: "too late",
      client_message_id: "late",
    });
    const error = await refusal(client);
    expect(error).toMatchObject({ client_message_id: "late", error: { code: "SESSION_ENDED" } });
    using other = await classic();
    const next = await say(other, "anew", { session_id: "another" });
    expect(next.session_id).not.toBe(session_id);
    const { body } = await over(port, token, ["GET", `/sessions/${session_id}`]);
    const said = (body["messages"] as { sender: string }[]).filter(({ sender }) => sender !== "ai");
    expect(said).toMatchObject([{ content: "over soon" }]);
  });

  test("cannot be taken over", async () => {
    using client = await classic();
    const { session_id } = await say(client, "over soon");
    await over(port, token, ["POST", `/sessions/${session_id}/end`]);
    const taken = await over(port, tokenOf("root", ["admin"]), [
      "POST",
      `/admin/takeover/${session_id}`,
    ]);
    expect(taken).toMatchObject({ status: 409, body: { code: "SESSION_ENDED" } });
  });

  test("is no reason to leave the one that goes on", async () => {
    using client = await classic();
    const first = await say(client, "the first");
    await over(port, token, ["POST", `/sessions/${first.session_id}/end`]);
    const second = await say(client, "the second", { session_id: "second" });
    // Ending the first again says nothing of the second.
    await over(port, token, ["POST", `/sessions/${first.session_id}/end`]);
    using other = await classic();
    const third = await say(other, "where I was", { session_id: "unknown" });
    expect(third.session_id).toBe(second.session_id);
  });
});
