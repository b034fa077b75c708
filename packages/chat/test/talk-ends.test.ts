// How answers end when something else ends before them.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openaiSays } from "../src/testing/index.ts";
import { PROVIDER_SETTINGS } from "../src/providers/open-providers.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import {
  device,
  entry,
  refusal,
  resume,
  say,
  scriptedModel,
  UNLIMITED,
  type ScriptedModel,
} from "./_talk-kit.ts";

const opened = new AsyncDisposableStack();
let model: ScriptedModel;
let second: ScriptedModel;
let port: number;
let token: string;
let users = 0;

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  second = opened.use(await scriptedModel());
  const running = opened.use(
    await runningChat({
      providers: [model.provider, { ...second.provider, id: "second", name: "Second" }],
      providerSettings: {
        ...PROVIDER_SETTINGS,
        attempts: 1,
        // Longer than a test takes where it is not the point.
        stallMs: 1_000,
        breakerFailures: 1_000,
      },
      rates: UNLIMITED,
    }),
  );
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());
beforeEach(() => {
  token = tokenOf(`user-${++users}`);
});

const isAnswer = ({ sender }: { sender: string }) => sender === "ai";

/** A device that has asked, and the question as the model got it. */
async function asking() {
  const at = model.asked().length + 1;
  const phone = await device(port, token, "phone");
  const { session_id, message_id } = await say(phone, "tell me");
  return { phone, session_id, message_id, question: await model.question(at) };
}

test("a session that is ended in the middle of an answer keeps what was read of it", async () => {
  const { phone, session_id, question } = await asking();
  await question.say("What you have read");
  await phone.next("run_delta");
  phone.send({ type: "end_session", session_id, client_message_id: "the end" });
  await phone.next("run_end");
  using reader = await device(port, token, "reader");
  const { entries } = await resume(reader, session_id);
  expect(entries.find(isAnswer)).toMatchObject({
    content: "What you have read",
    answer: { status: "stopped" },
  });
  phone.socket.close();
});

test("a session that is over is not answered any more", async () => {
  const { phone, session_id, message_id, question } = await asking();
  await question.answer("done");
  await entry(phone, isAnswer);
  phone.send({ type: "end_session", session_id, client_message_id: "the end" });
  await phone.next("message_ack", ({ client_message_id }) => client_message_id === "the end");
  const before = model.asked().length;
  phone.send({ type: "regenerate", session_id, message_id });
  expect((await refusal(phone)).error.code).toBe("SESSION_ENDED");
  expect(model.asked()).toHaveLength(before);
  phone.socket.close();
});

test("an answer goes on by the model that began it, and by no other", async () => {
  const { phone, session_id, question } = await asking();
  await question.say("One, ");
  await phone.next("run_delta");
  question.exchange.cut();
  const broken = await entry(phone, isAnswer);
  const at = model.asked().length + 1;
  const others = second.asked().length;
  const from = phone.heard.length;
  phone.send({ type: "continue", session_id, message_id: broken.entry.message_id });
  (await model.question(at)).exchange.answer(500, {});
  const end = await phone.next("run_end", () => true, from);
  expect(end).toMatchObject({ status: "interrupted" });
  expect(second.asked()).toHaveLength(others);
  phone.socket.close();
});

test("an answer goes on by the model that began it, whatever was chosen since", async () => {
  const { phone, session_id, question } = await asking();
  await question.say("One, ");
  await phone.next("run_delta");
  question.exchange.cut();
  const broken = await entry(phone, isAnswer);
  phone.send({ type: "model_select", session_id, model_id: "second" });
  await entry(phone, ({ kind }) => kind === "model");
  const at = model.asked().length + 1;
  phone.send({ type: "continue", session_id, message_id: broken.entry.message_id });
  await (await model.question(at)).answer("two");
  const whole = await entry(phone, (one) => one.kind === "message" && one.content === "One, two");
  expect(whole.entry).toMatchObject({ answer: { model_id: "scripted" } });
  phone.socket.close();
});

test("who shows that an answer is coming learns of one without a word", async () => {
  const at = model.asked().length + 1;
  using classic = await Client.open(port, token);
  classic.send({ type: "user_message", content: "say nothing" });
  const { exchange } = await model.question(at);
  exchange.events();
  exchange.end(openaiSays.finish() + openaiSays.done());
  const done = await classic.next("ai_response");
  expect(done).toMatchObject({ metadata: { streaming: "true", done: "true" } });
});

test("a model that falls silent in mid-answer is told as one that took too long", async () => {
  const { phone, question } = await asking();
  await question.say("Well, ");
  const { entry: stored } = await entry(phone, isAnswer);
  expect(stored).toMatchObject({ answer: { status: "interrupted", why: "LLM_TIMEOUT" } });
  phone.socket.close();
});
