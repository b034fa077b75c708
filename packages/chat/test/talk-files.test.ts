import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { device, entry, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const opened = new AsyncDisposableStack();
let model: Awaited<ReturnType<typeof scriptedModel>>;
let port: number;
let asked = 0;

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  const running = opened.use(await runningChat({ providers: [model.provider], rates: UNLIMITED }));
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());

const fileFrame = (at: number, more: object = {}) => ({
  type: "file_upload",
  file_id: `f${at}`,
  file_url: `https://files.example.com/f${at}`,
  client_message_id: `file-${at}`,
  ...more,
});
const stored = (client: Client, at: number) =>
  client.next("message_ack", (ack) => ack.client_message_id === `file-${at}`);

test("files of one message are answered once, after the last", async () => {
  using phone = await device(port, tokenOf("alice"), "phone");
  for (const at of [1, 2]) phone.send(fileFrame(at, { more: true }));
  phone.send(fileFrame(3, { content: "Which is best?" }));
  const question = await model.question(++asked);
  expect(question.prompt.match(/\[a file was sent\]/g)).toHaveLength(3);
  expect(question.prompt).toContain("Which is best?");
  await question.answer("The third.");
  const { entry: answer } = await entry(phone, ({ sender }) => sender === "ai");
  const { message_id } = await stored(phone, 3);
  expect(answer).toMatchObject({ answer: { reply_to: message_id } });
  // Were one of the others to be answered, that would have been asked before this.
  await say(phone, "thank you");
  const next = await model.question(++asked);
  expect(next.prompt).toContain("thank you");
  expect(model.asked()).toHaveLength(asked);
  await next.answer("You are welcome.");
});

test("a file by itself is answered", async () => {
  using phone = await device(port, tokenOf("bob"), "phone");
  phone.send(fileFrame(4));
  await (await model.question(++asked)).answer("A picture.");
  await entry(phone, ({ sender }) => sender === "ai");
});

test("a conversation that began by a file is called like it, by its words where it has some", async () => {
  const file = { file_id: "n", file_url: "https://files.example.com/dir/tax%20form.pdf?v=2" };
  const begun = async (user: string, given: object) => {
    using phone = await device(port, tokenOf(user), "phone");
    phone.send({ ...file, client_message_id: "begins", ...given });
    const { entry: named } = await entry(phone, ({ kind }) => kind === "named");
    await (await model.question(++asked)).answer("Thank you.");
    return named;
  };
  const bare = { type: "file_upload" };
  expect(await begun("dora", bare)).toMatchObject({ name: "tax form.pdf" });
  expect(await begun("dina", { ...bare, content: "My taxes. Help!" })).toMatchObject({
    name: "My taxes.",
  });
  expect(await begun("dana", { type: "voice_message" })).toMatchObject({ name: "Voice note" });
});

test("a bare file of an old client is stored and shown, and not answered; its voice message is", async () => {
  const token = tokenOf("carol");
  using old = await Client.open(port, token);
  using other = await device(port, token, "laptop");
  old.send(fileFrame(5));
  const { session_id } = await stored(old, 5);
  other.send({ type: "resume", sessions: [{ session_id, versions: {} }] });
  const { sessions } = await other.next("resumed");
  expect(sessions[0]!.entries.some(({ client_message_id }) => client_message_id === "file-5")).toBe(
    true,
  );
  old.send({ ...fileFrame(6), type: "voice_message" });
  const { message_id } = await stored(old, 6);
  await (await model.question(++asked)).answer("I heard you.");
  const { entry: answer } = await entry(other, ({ sender }) => sender === "ai");
  expect(answer).toMatchObject({ answer: { reply_to: message_id } });
  expect(model.asked()).toHaveLength(asked);
});
