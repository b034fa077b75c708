import { expect, test } from "vitest";
import { Client, runningChat, temporaryFolder, tokenOf } from "./_running-chat.ts";
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

const token = tokenOf("alice");

/** A chat in which one message was said and answered, and what it takes to start it again. */
async function answered() {
  const opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const model = opened.use(await scriptedModel());
  const start = () =>
    runningChat({ folder: folder.path, providers: [model.provider], rates: UNLIMITED });
  const first = await start();
  const phone = await device(first.chat.port, token, "phone");
  const ack = await say(phone, "once", { client_message_id: "c1" });
  await (await model.question(1)).answer("an answer");
  await entry(phone, ({ sender }) => sender === "ai");
  return { first, phone, ack, model, start, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

type World = Awaited<ReturnType<typeof answered>>;

/** Says it again, wherever, and something new after it. Resolves with both acks. */
const AGAIN: {
  name: string;
  socket: (world: World) => Promise<{ port: number; client: Client } & AsyncDisposable>;
}[] = [
  {
    name: "on the same socket",
    socket: async ({ first, phone }) => ({
      port: first.chat.port,
      client: phone,
      [Symbol.asyncDispose]: () => first[Symbol.asyncDispose](),
    }),
  },
  {
    name: "on another socket",
    async socket({ first, phone }) {
      phone[Symbol.dispose]();
      const client = await Client.open(first.chat.port, token);
      return {
        port: first.chat.port,
        client,
        [Symbol.asyncDispose]: () => first[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: "after a restart",
    async socket({ first, start, phone }) {
      phone[Symbol.dispose]();
      await first[Symbol.asyncDispose]();
      const second = await start();
      const client = await Client.open(second.chat.port, token);
      return {
        port: second.chat.port,
        client,
        [Symbol.asyncDispose]: () => second[Symbol.asyncDispose](),
      };
    },
  },
];

test.each(AGAIN)("what is said again $name is acknowledged as what it was", async ({ socket }) => {
  await using world = await answered();
  await using opened = await socket(world);
  const { client, port } = opened;
  const { session_id } = world.ack;
  const again = await say(client, "once", { session_id, client_message_id: "c1" });
  expect(again).toEqual(world.ack);

  const from = client.heard.length;
  client.send({
    type: "user_message",
    session_id,
    content: "something else",
    client_message_id: "c1",
  });
  expect(await refusal(client, from)).toMatchObject({
    client_message_id: "c1",
    error: { code: "CONFLICT" },
  });

  // A later question is the model's second: nothing was asked in between.
  await say(client, "twice", { session_id });
  const next = await world.model.question(2);
  expect(next.prompt).toContain("twice");
  const { body } = await over(port, token, ["GET", `/sessions/${session_id}`]);
  expect(body["messages"]).toMatchObject([
    { content: "once" },
    { content: "an answer" },
    { content: "twice" },
  ]);
  client[Symbol.dispose]();
});

test("the same thing said at once on several sockets is one entry and one question", async () => {
  await using model = await scriptedModel();
  await using running = await runningChat({ providers: [model.provider], rates: UNLIMITED });
  const { port } = running.chat;
  const devices = await Promise.all([1, 2, 3, 4].map((at) => device(port, token, `d${at}`)));
  const acks = await Promise.all(
    devices.map((one) => say(one, "all at once", { client_message_id: "same" })),
  );
  expect(new Set(acks.map(({ message_id, number }) => `${message_id} ${number}`)).size).toBe(1);
  await (await model.question(1)).answer("one answer");
  const { entries } = await resume(devices[0]!, acks[0]!.session_id);
  expect(
    entries.filter(({ kind, sender }) => kind === "message" && sender === "user"),
  ).toHaveLength(1);
  expect(model.asked()).toHaveLength(1);
  for (const one of devices) one[Symbol.dispose]();
});

const REPEATED = [
  { name: "edit", frame: { content: "changed" } },
  { name: "reaction", frame: { emoji: "👍" } },
  { name: "delete", frame: {} },
];
test.each(REPEATED)("a repeated $name is stored once", async ({ name, frame }) => {
  await using world = await answered();
  await using _first = world.first;
  using phone = world.phone;
  const { session_id, message_id } = world.ack;
  const said = { type: name, session_id, message_id, ...frame, client_message_id: "again" };
  phone.send(said);
  const first = await phone.next("message_ack", (ack) => ack.client_message_id === "again");
  const from = phone.heard.length;
  phone.send(said);
  expect(await phone.next("message_ack", () => true, from)).toEqual(first);
  const { entries } = await resume(phone, session_id);
  expect(entries.filter(({ client_message_id }) => client_message_id === "again")).toHaveLength(1);
});

test("an admin's message that comes again under another display name is the one of before", async () => {
  await using chat = await runningChat({ rates: UNLIMITED });
  const { port } = chat.chat;
  using phone = await device(port, token, "phone");
  const { session_id } = await say(phone, "is anybody there?");
  using desk = await device(port, namedAdmin("Bob"), "desk");
  desk.send({ type: "admin_join", session_id });
  await entry(phone, ({ kind }) => kind === "control");
  const first = await say(desk, "I am.", { session_id, client_message_id: "a1" });
  using renamed = await device(port, namedAdmin("Robert"), "desk");
  const again = await say(renamed, "I am.", { session_id, client_message_id: "a1" });
  expect(again).toMatchObject({ message_id: first.message_id, number: first.number });
  renamed.send({
    type: "user_message",
    session_id,
    content: "I am not.",
    client_message_id: "a1",
  });
  expect((await refusal(renamed)).error.code).toBe("CONFLICT");
});

function namedAdmin(name: string): string {
  return tokenOf("bob", ["admin"], name);
}
