import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { metricOf } from "./_metrics.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { over, refusal, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const opened = new AsyncDisposableStack();
let model: Awaited<ReturnType<typeof scriptedModel>>;
let running: Awaited<ReturnType<typeof runningChat>>;
let metric: ReturnType<typeof metricOf>;
let port: number;

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  running = opened.use(await runningChat({ providers: [model.provider], rates: UNLIMITED }));
  metric = metricOf(running.metrics);
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());

test("open sockets are counted, under both names, and how long they were open", async () => {
  const names = ["chatbox_websocket_connections_total", "websocket_connections_total"];
  const before = await Promise.all(names.map(metric));
  const closed = await metric("chatbox_websocket_connection_duration_seconds_count");
  const client = await Client.open(port, tokenOf("alice"));
  expect(await Promise.all(names.map(metric))).toEqual(before.map((count) => count + 1));
  client.socket.close();
  // The server's end of a socket is told to nobody.
  await expect.poll(() => Promise.all(names.map(metric))).toEqual(before);
  expect(await metric("chatbox_websocket_connection_duration_seconds_count")).toBe(closed + 1);
});

test("frames are counted: those that came, those that were refused and those that went out", async () => {
  using client = await Client.open(port, tokenOf("bob"));
  await client.next("connection_status");
  const counts = () =>
    Promise.all(["chatbox_messages_received_total", "chatbox_messages_sent_total"].map(metric));
  const [received = 0, sent = 0] = await counts();
  const refused = await metric("chatbox_message_errors_total");
  client.send({ type: "ping" });
  await client.next("pong");
  expect(await counts()).toEqual([received + 1, sent + 1]);
  client.send({ type: "user_message" });
  await refusal(client);
  expect(await counts()).toEqual([received + 2, sent + 2]);
  expect(await metric("chatbox_message_errors_total")).toBe(refused + 1);
});

test("sessions that begin are counted, and the answers that are being written", async () => {
  using client = await Client.open(port, tokenOf("carol"));
  const begun = await metric("chatbox_sessions_created_total");
  await say(client, "hello");
  expect(await metric("chatbox_sessions_created_total")).toBe(begun + 1);
  const question = await model.question(1);
  await question.say("Hi");
  await client.next("ai_response");
  expect(await metric("chatbox_runs")).toBe(1);
  question.finish();
  await client.next("ai_response", ({ metadata }) => metadata?.["done"] === "true");
  await say(client, "and again");
  await (await model.question(2)).answer("Hi again");
  // An answer is over a moment after it was told.
  await expect.poll(() => metric("chatbox_runs")).toBe(0);
});

test("requests are timed by route and method", async () => {
  const series = 'chatbox_http_request_duration_seconds_count{endpoint="/sessions",method="GET"}';
  const before = await metric(series);
  await over(port, tokenOf("dave"), ["GET", "/sessions"]);
  await expect.poll(() => metric(series)).toBe(before + 1);
});

/** Every source of tests, of the chat and of the floor under it. */
function testSources(): string[] {
  const packages = fileURLToPath(new URL("../..", import.meta.url));
  return ["chat", "host"].flatMap((room) =>
    readdirSync(join(packages, room), { recursive: true, encoding: "utf8" })
      .filter((path) => /\.test\.ts$|^test[/\\]_/.test(path) && !path.includes("node_modules"))
      .map((path) => readFileSync(join(packages, room, path), "utf8")),
  );
}

test("there is no metric that no test speaks of", () => {
  const text = testSources().join("\n");
  const all = running.metrics.declared.map(({ name }) => name);
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter((name) => !text.includes(name))).toEqual([]);
});
