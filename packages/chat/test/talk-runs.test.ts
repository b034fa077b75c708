import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { PROVIDER_SETTINGS } from "../src/providers/open-providers.ts";
import {
  device,
  entry,
  over,
  refusal,
  resume,
  say,
  scriptedModel,
  UNLIMITED,
} from "./_talk-kit.ts";

const opened = new AsyncDisposableStack();
const bob = tokenOf("bob", ["admin"]);
const carol = tokenOf("carol", ["admin"]);
let model: Awaited<ReturnType<typeof scriptedModel>>;
let port: number;
let users = 0;
let token: string;

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  const running = opened.use(
    await runningChat({
      providers: [model.provider],
      providerSettings: { ...PROVIDER_SETTINGS, attempts: 1, breakerFailures: 1_000 },
      rates: UNLIMITED,
    }),
  );
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());
beforeEach(() => {
  token = tokenOf(`user-${++users}`);
});

/** A user's device that has just asked something, and the question as the model got it. */
async function asking(content = "tell me") {
  const phone = await device(port, token, "phone");
  const at = model.asked().length + 1;
  const { session_id, message_id } = await say(phone, content);
  const question = await model.question(at);
  return {
    phone,
    session_id,
    message_id,
    question,
    [Symbol.dispose]: () => phone[Symbol.dispose](),
  };
}

/** Text that the device has got of the answer that is being written. */
async function hears(client: Client, text: string): Promise<void> {
  let had = "";
  let from = 0;
  while (had !== text) {
    const delta = await client.next("run_delta", () => true, from);
    from = client.heard.indexOf(delta) + 1;
    had = had.slice(0, delta.at) + delta.text;
  }
}

const isAnswer = ({ sender }: { sender: string }) => sender === "ai";

test("an answer is stopped from another device, with what there is of it", async () => {
  using asked = await asking();
  const { phone, session_id, question } = asked;
  using laptop = await device(port, token, "laptop");
  await resume(laptop, session_id);
  await question.say("Well, ");
  await hears(phone, "Well, ");
  laptop.send({ type: "stop", session_id });
  const stored = await entry(phone, isAnswer);
  expect(stored.entry).toMatchObject({ content: "Well, ", answer: { status: "stopped" } });
  expect(await phone.next("run_end")).toMatchObject({ status: "stopped" });
  // The model is told as well: nobody pays for what nobody reads.
  await question.exchange.closed;
});

test("an answer goes on when its viewer leaves, and is there on return", async () => {
  using asked = await asking();
  const { phone, session_id, question } = asked;
  await question.say("While you ");
  await hears(phone, "While you ");
  phone.socket.close();
  await phone.closed;
  await question.answer("were away");
  using back = await device(port, token, "tablet");
  const { entries } = await resume(back, session_id);
  const answer = entries.find(isAnswer) ?? (await entry(back, isAnswer)).entry;
  expect(answer).toMatchObject({ content: "While you were away", answer: { status: "complete" } });
});

test("a second question during an answer waits for its end, and is answered knowing both", async () => {
  using asked = await asking("the first");
  const { phone, session_id, question } = asked;
  const at = model.asked().length + 1;
  await say(phone, "the second", { session_id });
  expect(model.asked()).toHaveLength(at - 1);
  await question.answer("to the first");
  const next = await model.question(at);
  for (const word of ["the first", "to the first", "the second"])
    expect(next.prompt).toContain(word);
  await next.answer("to the second");
  const answer = await entry(
    phone,
    (one) => one.kind === "message" && one.content === "to the second",
  );
  expect(answer.entry).toMatchObject({ answer: { status: "complete" } });
});

const FAILURES = [
  { name: "refuses", fail: async ({ question }: Asking) => question.exchange.answer(500, {}), text: "" },
  {
    name: "breaks off",
    async fail({ question, phone }: Asking) {
      await question.say("I was about ");
      await hears(phone, "I was about ");
      question.exchange.cut();
    },
    text: "I was about ",
  },
];
type Asking = Awaited<ReturnType<typeof asking>>;

test.each(FAILURES)(
  "a model that $name leaves an interrupted entry, and an error",
  async ({ fail, text }) => {
    using asked = await asking();
    const { session_id, phone } = asked;
    using classic = await Client.open(port, token, `?session_id=${session_id}`);
    await classic.next("connection_status");
    await fail(asked);
    const stored = await entry(phone, isAnswer);
    expect(stored.entry).toMatchObject({
      content: text,
      answer: { status: "interrupted", why: "LLM_UNAVAILABLE" },
    });
    expect(await phone.next("run_end")).toMatchObject({
      status: "interrupted",
      why: "LLM_UNAVAILABLE",
    });
    expect((await refusal(classic)).error).toMatchObject({
      code: "LLM_UNAVAILABLE",
      recoverable: true,
    });
  },
);

test("an answer that broke off goes on where it did, as an answer of its own", async () => {
  using asked = await asking();
  const { phone, session_id, question } = asked;
  await question.say("One, ");
  await hears(phone, "One, ");
  question.exchange.cut();
  const broken = await entry(phone, isAnswer);
  const at = model.asked().length + 1;
  phone.send({ type: "continue", session_id, message_id: broken.entry.message_id });
  const next = await model.question(at);
  expect(next.prompt).toContain("One, ");
  await next.answer("two");
  const whole = await entry(phone, (one) => one.kind === "message" && one.content === "One, two");
  expect(whole.entry).toMatchObject({ answer: { status: "complete", attempt: 2 } });
});

test("an answer is made anew without the former one", async () => {
  using asked = await asking();
  const { phone, session_id, message_id, question } = asked;
  await question.answer("a poor answer");
  await entry(phone, isAnswer);
  const at = model.asked().length + 1;
  phone.send({ type: "regenerate", session_id, message_id });
  const next = await model.question(at);
  expect(next.prompt).not.toContain("a poor answer");
  await next.answer("a better one");
  const better = await entry(
    phone,
    (one) => one.kind === "message" && one.content === "a better one",
  );
  expect(better.entry).toMatchObject({ answer: { attempt: 2, reply_to: message_id } });
});

test("a message that is being answered is not answered a second time at once", async () => {
  using asked = await asking();
  const { phone, session_id, message_id, question } = asked;
  const at = model.asked().length;
  phone.send({ type: "regenerate", session_id, message_id });
  expect((await refusal(phone)).error.code).toBe("CONFLICT");
  await question.answer("the one answer");
  expect((await entry(phone, isAnswer)).entry).toMatchObject({ content: "the one answer" });
  expect(model.asked()).toHaveLength(at);
});

test("a person takes over in the middle of an answer, and gives the session back", async () => {
  using asked = await asking("my order is late");
  const { phone, session_id, question } = asked;
  using classic = await Client.open(port, token, `?session_id=${session_id}`);
  await classic.next("connection_status");
  await question.say("Have you tried ");
  await hears(phone, "Have you tried ");

  const taken = await over(port, bob, ["POST", `/admin/takeover/${session_id}`]);
  expect(taken).toMatchObject({ status: 200, body: { session_id, admin_id: "bob" } });
  const control = await entry(phone, ({ kind }) => kind === "control");
  expect(control.entry).toMatchObject({ mode: "person", admin_id: "bob", control_epoch: 1 });
  expect(await classic.next("admin_join")).toMatchObject({ metadata: { admin_id: "bob" } });
  // What the model says from here on is late.
  await question.say("turning it off").catch(() => {});
  const left = await entry(phone, isAnswer);
  expect(left.entry).toMatchObject({
    content: "Have you tried ",
    answer: { status: "superseded" },
  });

  expect((await over(port, carol, ["POST", `/admin/takeover/${session_id}`])).status).toBe(400);
  using desk = await device(port, bob, "desk");
  await resume(desk, session_id);
  await say(desk, "I am a person, it left today", { session_id });
  const person = await entry(phone, (one) => one.kind === "message" && one.sender === "admin");
  expect(person.entry).toMatchObject({ content: "I am a person, it left today", author_id: "bob" });
  await classic.next("ai_response", ({ content }) => content === "I am a person, it left today");
  using other = await device(port, carol, "other");
  other.send({ type: "user_message", session_id, content: "me too" });
  expect((await refusal(other)).error.code).toBe("FORBIDDEN");
  const at = model.asked().length;
  await say(phone, "thanks, Bob", { session_id });
  await entry(desk, (one) => one.kind === "message" && one.content === "thanks, Bob");

  const back = await over(port, bob, ["POST", `/admin/leave/${session_id}`]);
  expect(back.status).toBe(200);
  await classic.next("admin_leave");
  await say(phone, "and now?", { session_id });
  const next = await model.question(at + 1);
  expect(next.prompt).toContain("I am a person, it left today");
  expect(next.prompt).not.toContain("turning it off");
  await next.answer("Good.");
  await entry(phone, (one) => one.kind === "message" && one.content === "Good.");
  expect(model.asked()).toHaveLength(at + 1);
});

test("nothing that an AI says reaches a user after a person took over", async () => {
  using asked = await asking();
  const { phone, session_id, question } = asked;
  await question.say("early");
  await hears(phone, "early");
  // Within the time that a viewer's next text waits for more.
  await Promise.all([
    ...["late ", "later ", "latest"].map((word) => question.say(word).catch(() => {})),
    over(port, bob, ["POST", `/admin/takeover/${session_id}`]),
  ]);
  const { entry: superseded } = await entry(phone, isAnswer);
  await say(phone, "fence", { session_id });
  const took = phone.heard.findIndex((one) => one.type === "entry" && one.entry.kind === "control");
  const after = phone.heard.slice(took).filter(({ type }) => type === "run_delta");
  expect(after).toEqual([]);
  const told = phone.heard
    .filter((one) => one.type === "run_delta")
    .map(({ text }) => text)
    .join("");
  expect(superseded).toMatchObject({ content: told });
});

test("a question that meets a takeover on its way is the person's", async () => {
  for (let round = 0; round < 10; round++) {
    using phone = await device(port, tokenOf(`racer-${round}`), "phone");
    const at = model.asked().length + 1;
    const { session_id } = await say(phone, "begins");
    await (await model.question(at)).answer("hello");
    await entry(phone, isAnswer);
    const [ack] = await Promise.all([
      say(phone, "who answers?", { session_id }),
      over(port, bob, ["POST", `/admin/takeover/${session_id}`]),
    ]);
    const control = await entry(phone, ({ kind }) => kind === "control");
    await say(phone, "later", { session_id });
    const late = phone.heard
      .slice(phone.heard.indexOf(control))
      .filter(({ type }) => type === "run_delta" || type === "run_start");
    expect(late).toEqual([]);
    // Where it came first the model may have been asked; it is cut off, and answers nobody.
    expect(ack.number).toBeGreaterThan(0);
  }
});

const FOR_ADMINS = [
  ["GET", "/admin/sessions"],
  ["GET", "/admin/metrics"],
  ["GET", "/admin/users/alice/sessions"],
  ["POST", "/admin/takeover/x"],
  ["POST", "/admin/leave/x"],
  ["POST", "/admin/takeover/x/leave"],
  ["POST", "/admin/transfer/x"],
] as const;
test.each(FOR_ADMINS.map((route) => ({ name: route.join(" "), route })))(
  "$name is for admins alone",
  async ({ route }) => {
    expect(await over(port, token, route)).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    expect((await over(port, "no token", route)).status).toBe(401);
  },
);

test("an admin joins and leaves over a socket as over HTTP", async () => {
  using asked = await asking();
  const { phone, session_id } = asked;
  using desk = await device(port, bob, "desk");
  desk.send({ type: "admin_join", session_id });
  expect((await entry(phone, ({ kind }) => kind === "control")).entry).toMatchObject({
    mode: "person",
  });
  const from = phone.heard.length;
  desk.send({ type: "admin_leave", session_id });
  const given = await entry(phone, ({ kind }) => kind === "control", from);
  expect(given.entry).toMatchObject({ mode: "bot", control_epoch: 2 });
  phone.send({ type: "admin_join", session_id });
  expect((await refusal(phone)).error.code).toBe("INSUFFICIENT_PERMISSIONS");
});
