import { systemClock, type Clock } from "@warren/host";
import { freePort, programPath, service } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { FerretDb, mongoDatabase } from "../src/testing/index.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { over, refusal, say } from "./_talk-kit.ts";

const MONGO_URI = service("MONGO_URI");
const FERRETDB = programPath("ferretdb");
const ALICE = tokenOf("alice");
const ROOT = tokenOf("root", ["admin"]);

/** Time that runs five times as fast: a breaker is open for 30 s. */
const HURRIED: Clock = {
  now: () => systemClock.now() * 5,
  after: (ms, task) => systemClock.after(ms / 5, task),
};

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

describe.skipIf(MONGO_URI === undefined)("a chat on MongoDB", () => {
  test("is listed and summed, and tells how long MongoDB took for it", async () => {
    await using own = mongoDatabase(MONGO_URI!);
    const store = { kind: "mongodb", uri: own.uri, database: own.name, legacy: "mixed" } as const;
    await using running = await runningChat({ store });
    const { port } = running.chat;
    using client = await Client.open(port, ALICE);
    const { session_id } = await say(client, "Hello there.");
    await client.next("ai_response", ({ metadata }) => metadata?.["done"] === "true");
    const ended = await over(port, ALICE, ["POST", `/sessions/${session_id}/end`]);
    const listed = await over(port, ROOT, ["GET", "/admin/sessions?limit=10"]);
    expect(listed.body["sessions"]).toMatchObject([{ id: session_id, user_id: "alice" }]);
    const window = `start_time=${day(-1)}&end_time=${day(1)}`;
    const summed = await over(port, ROOT, ["GET", `/admin/metrics?${window}`]);
    expect(summed).toMatchObject({ status: 200, body: { total_sessions: 1 } });
    expect(ended.status).toBe(200);
    const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    let text = await metrics();
    const isCounted = (operation: string) =>
      new RegExp(`chatbox_mongodb_operation_seconds_count{operation="${operation}"} [1-9]`).test(
        text,
      );
    // A row follows its log a moment later.
    while (!TIMED.every(isCounted)) text = await metrics();
    expect(text).toContain('dependency_breaker_state{dependency="mongodb"} 0');
    expect(text).toMatch(/dependency_attempts_total{dependency="mongodb",operation="mongo_write"/);
  });
});

const TIMED = [
  "create_session",
  "end_session",
  "list_all_sessions_with_options",
  "get_session_metrics",
];

describe.skipIf(FERRETDB === undefined)("a chat whose MongoDB is away", () => {
  test("starts, is not ready and refuses what is sent as retryable, and is well when MongoDB comes", async () => {
    const mongoPort = await freePort();
    const uri = `mongodb://127.0.0.1:${mongoPort}/`;
    const store = { kind: "mongodb", uri, database: "chat", legacy: "mixed" } as const;
    await using running = await runningChat({ store }, HURRIED);
    const { port } = running.chat;
    const readiness = () => over(port, ALICE, ["GET", "/readyz"]);
    expect(await readiness()).toMatchObject({
      status: 503,
      body: { status: "not ready", checks: { mongodb: { status: "not ready" } } },
    });
    using client = await Client.open(port, ALICE);
    const frame = { type: "user_message", content: "hello", client_message_id: "m1" };
    client.send(frame);
    const { error } = await refusal(client);
    expect(error).toMatchObject({ code: "DATABASE_ERROR", recoverable: true });
    expect(client.heard.some(({ type }) => type === "message_ack")).toBe(false);

    await using _server = await FerretDb.start(FERRETDB!, `127.0.0.1:${mongoPort}`);
    await running.log.line(({ msg }) => msg === "MongoDB indexes created successfully");
    while ((await readiness()).status !== 200);
    client.send(frame);
    expect(await client.next("message_ack")).toMatchObject({ number: 2, status: "sent" });
    // What is wrong with MongoDB is told once, and not by everybody who meets it.
    const told = running.log.lines.filter(({ level }) => level === "error");
    expect(told).toEqual([]);
  }, 180_000);
});
