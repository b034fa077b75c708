import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { ChatConfig } from "../src/config.ts";
import { expect, test } from "vitest";
import { metricOf } from "./_metrics.ts";
import { PNG } from "./_uploads.ts";
import { Client, runningChat, temporaryFolder, tokenOf } from "./_running-chat.ts";
import { device, entry, over, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const token = tokenOf("alice");

async function drainable(drain: Partial<ChatConfig["drain"]> = {}) {
  const opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const model = opened.use(await scriptedModel());
  const start = () =>
    runningChat({
      folder: folder.path,
      providers: [model.provider],
      rates: UNLIMITED,
      drain: { delayMs: 0, spreadMs: 0, runsMs: 60_000, ...drain },
    });
  const running = await start();
  return {
    model,
    running,
    port: running.chat.port,
    start,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

test("a drain acknowledges all that it stored, says where to go, and closes with a code to come back on", async () => {
  await using world = await drainable({ runsMs: 0 });
  const { running, port } = world;
  using client = await Client.open(port, token);
  const { session_id } = await say(client, "begins");
  const names = Array.from({ length: 100 }, (_, at) => `d-${at}`);
  for (const client_message_id of names) {
    client.send({ type: "user_message", session_id, content: "x", client_message_id });
  }
  await client.next("message_ack", ({ client_message_id }) => client_message_id === names[9]);
  await running.chat.drain();
  expect(await client.closed).toMatchObject({ code: 1012 });
  expect(await client.next("migration")).toMatchObject({ reason: "draining" });
  const acked = client.heard.flatMap((one) =>
    one.type === "message_ack" ? [one.client_message_id] : [],
  );
  await running[Symbol.asyncDispose]();

  await using second = await world.start();
  using reader = await device(second.chat.port, token, "reader");
  const { entries } = await resume(reader, session_id);
  const stored = entries
    .filter(({ kind, sender }) => kind === "message" && sender === "user")
    .map(({ client_message_id }) => client_message_id);
  expect(stored).toEqual(acked);
});

test("an answer that runs ends before the process does", async () => {
  await using world = await drainable();
  const { running, port, model } = world;
  using phone = await device(port, token, "phone");
  const { session_id } = await say(phone, "a long one");
  const question = await model.question(1);
  await question.say("It takes ");
  await phone.next("run_delta");
  const drained = running.chat.drain();
  await phone.closed;
  await question.answer("a while");
  await drained;
  await running[Symbol.asyncDispose]();
  await using second = await world.start();
  using reader = await device(second.chat.port, token, "reader");
  const { entries } = await resume(reader, session_id);
  expect(entries.at(-1)).toMatchObject({
    content: "It takes a while",
    answer: { status: "complete" },
  });
});

test("an answer that does not end in time is stored as interrupted, with its text", async () => {
  await using world = await drainable({ runsMs: 50 });
  const { running, port, model } = world;
  using phone = await device(port, token, "phone");
  const { session_id } = await say(phone, "an endless one");
  const question = await model.question(1);
  await question.say("On and on");
  await phone.next("run_delta");
  await running.chat.drain();
  await running[Symbol.asyncDispose]();
  await using second = await world.start();
  using reader = await device(second.chat.port, token, "reader");
  const { entries } = await resume(reader, session_id);
  expect(entries.at(-1)).toMatchObject({
    content: "On and on",
    answer: { status: "interrupted", why: "DRAINING" },
  });
});

/** As long as there are questions. */
async function answerAll(model: Awaited<ReturnType<typeof scriptedModel>>): Promise<void> {
  for (let n = 1; ; n++) await (await model.question(n)).answer("just in time");
}

test("what is asked while clients are being moved is answered", async () => {
  await using world = await drainable({ spreadMs: 2_000 });
  const { running, port, model } = world;
  const phones = await Promise.all([1, 2, 3, 4, 5].map((at) => device(port, token, `d${at}`)));
  const drained = running.chat.drain();
  await Promise.all(phones.map((one) => one.next("migration")));
  // Some of them have a moment left.
  const ack = await Promise.race(phones.map((one) => say(one, "in the last moment")));
  void answerAll(model);
  await drained;
  await running[Symbol.asyncDispose]();
  await using second = await world.start();
  using reader = await device(second.chat.port, token, "reader");
  const { entries } = await resume(reader, ack.session_id);
  expect(entries.find(({ sender }) => sender === "ai")).toMatchObject({ content: "just in time" });
  for (const one of phones) one[Symbol.dispose]();
});

test("who asks on a connection that is open is told that the process drains", async () => {
  await using world = await drainable();
  const { running, port, model } = world;
  await using _running = running;
  using phone = await device(port, token, "phone");
  await say(phone, "holds it open");
  const question = await model.question(1);
  await question.say("wait");
  const socket = connect(port, "127.0.0.1").setEncoding("utf8");
  const asks = async (head: string) => {
    socket.write(`${head}\r\nHost: x\r\n`);
    socket.write("\r\n");
    const [text] = (await once(socket, "data")) as [string];
    return text.slice(9, 12);
  };
  expect(await asks("GET /chat/readyz HTTP/1.1")).toBe("200");
  const drained = running.chat.drain();
  await phone.closed;
  expect(await asks("GET /chat/readyz HTTP/1.1")).toBe("503");
  const upgrade = [
    "GET /chat/ws HTTP/1.1",
    `Authorization: Bearer ${token}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ].join("\r\n");
  expect(await asks(upgrade)).toBe("503");
  socket.destroy();
  question.finish();
  await drained;
});

test("the rows of sessions have all when the process ends", async () => {
  await using world = await drainable({ runsMs: 0 });
  const { running, port } = world;
  using phone = await device(port, token, "phone");
  const { session_id } = await say(phone, "counted");
  await entry(phone, ({ kind }) => kind === "named");
  await running.chat.drain();
  await running[Symbol.asyncDispose]();
  await using second = await world.start();
  const { body } = await over(second.chat.port, token, ["GET", "/sessions"]);
  expect(body["sessions"]).toMatchObject([{ id: session_id, name: "counted", message_count: 2 }]);
});

/** An upload that is heard and goes on as the test says. Resolves once its first bytes were read. */
async function uploading(world: Awaited<ReturnType<typeof drainable>>) {
  const { port, running } = world;
  const bytes = Buffer.concat([PNG, Buffer.alloc(100_000)]);
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const answered: Promise<string> = text(socket);
  const head = [
    "POST /chat/upload?name=cat.png HTTP/1.1",
    "Host: chat",
    `Authorization: Bearer ${token}`,
    `Content-Length: ${bytes.length}`,
    "Connection: close",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  socket.write(bytes.subarray(0, 50_000));
  await expect.poll(async () => metricOf(running.metrics)("chat_uploads_under_way")).toBe(1);
  return { answered, finish: () => void socket.write(bytes.subarray(50_000)) };
}

test("an upload that is under way ends before the process does, and no more begin", async () => {
  await using world = await drainable();
  const one = await uploading(world);
  const keptAlive = connect(world.port, "127.0.0.1");
  await once(keptAlive, "connect");
  const drained = world.running.chat.drain();
  const health = () =>
    fetch(`http://127.0.0.1:${world.port}/health`, { headers: { connection: "close" } }).then(
      () => "there",
      () => "gone",
    );
  await expect.poll(health).toBe("gone");
  const refused = text(keptAlive);
  const head = `Host: chat\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1\r\nConnection: close`;
  keptAlive.write(`POST /chat/upload?name=a.png HTTP/1.1\r\n${head}\r\n\r\nx`);
  expect(await refused).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 5[^]*"code":"DRAINING"/i);
  one.finish();
  expect(await one.answered).toMatch(/^HTTP\/1.1 200 [^]*"file_id"/);
  await drained;
});

test("an upload that does not end in time is told to be tried again", async () => {
  await using world = await drainable({ runsMs: 100 });
  const one = await uploading(world);
  await world.running.chat.drain();
  await world.running[Symbol.asyncDispose]();
  expect(await one.answered).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 5[^]*"code":"DRAINING"/i);
});
