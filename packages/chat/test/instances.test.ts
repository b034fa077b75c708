// Two processes of `warren chat` on one MongoDB, with Redis, with a Redis Cluster, and without either.
import type { WireEntry } from "@warren/wire";
import { MongoClient, type Collection } from "mongodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ChatProcess } from "./_instances.ts";
import { MONGO_URI } from "./_mongo-kit.ts";
import { mongoDatabase } from "../src/testing/index.ts";
import { oneRedis, REDIS_SERVER, redisCluster } from "./_redis.ts";
import { tokenOf, type Client } from "./_running-chat.ts";
import {
  device,
  entriesOf,
  entry,
  over,
  resume,
  say,
  scriptedModel,
  type ScriptedModel,
} from "./_talk-kit.ts";

const TIES = [
  { name: "with Redis", open: oneRedis, hasHints: true },
  { name: "with a Redis Cluster", open: redisCluster, hasHints: true },
  {
    name: "without Redis",
    open: async () => ({ env: {}, async [Symbol.asyncDispose]() {} }),
    hasHints: false,
  },
];

function erase(port: number, token: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${port}/chat/me/data`, { method: "DELETE", headers });
}

const isRunnable = MONGO_URI !== undefined && REDIS_SERVER !== undefined;
let users = 0;

describe.skipIf(!isRunnable).each(TIES)("two instances $name", ({ open, hasHints }) => {
  const opened = new AsyncDisposableStack();
  let model: ScriptedModel;
  let start: () => Promise<ChatProcess>;
  let one: ChatProcess;
  let other: ChatProcess;
  let token: string;
  let asked = 0;
  let leases: Collection<{ name: string; note: string }>;

  /** Until the lease of a session's answer says what is answered next: FerretDB's updates are not atomic. */
  const isNoted = async (session_id: string) =>
    expect
      .poll(async () => (await leases.findOne({ name: session_id }))?.note ?? "")
      .toContain('"next"');

  beforeAll(async () => {
    model = opened.use(await scriptedModel());
    const ties = opened.use(await open());
    const own = opened.use(mongoDatabase(MONGO_URI!));
    const mongoUri = `${MONGO_URI!}${own.name}`;
    const client = opened.adopt(new MongoClient(own.uri), (one) => one.close());
    leases = client.db(own.name).collection("leases");
    start = async () =>
      opened.use(await ChatProcess.start({ mongoUri, folder: undefined, env: ties.env, model }));
    [one, other] = await Promise.all([start(), start()]);
  }, 60_000);
  afterAll(() => opened.disposeAsync(), 60_000);
  beforeEach(() => {
    token = tokenOf(`user-${++users}`);
  });

  /** Two devices of a user, on one instance each, that follow one session. */
  async function pair() {
    const here = await device(one.port, token, "here");
    const { session_id, message_id } = await say(here, "first question");
    const question = await model.question(++asked);
    const there = await device(other.port, token, "there");
    await resume(there, session_id);
    return {
      here,
      there,
      session_id,
      message_id,
      question,
      [Symbol.dispose]() {
        here[Symbol.dispose]();
        there[Symbol.dispose]();
      },
    };
  }

  test("what is said on one is heard on the other, each once and in its order", async () => {
    using both = await pair();
    const { here, there, session_id, question } = both;
    await question.answer("Good day.");
    await entry(there, ({ sender }) => sender === "ai");
    const admin = await device(other.port, tokenOf("bob", ["admin"]), "desk");
    admin.send({ type: "admin_join", session_id });
    await entry(here, ({ kind }) => kind === "control");
    for (let at = 0; at < 10; at++) await say(at % 2 ? here : there, `text ${at}`, { session_id });
    for (const client of [here, there]) {
      while (!entriesOf(client, session_id).some((one) => textOf(one) === "text 9")) {
        await new Promise<void>((resolve) => client.socket.once("message", () => resolve()));
      }
      const texts = entriesOf(client, session_id).map(textOf);
      const said = texts.filter((text) => text?.startsWith("text "));
      expect(said).toEqual(Array.from({ length: 10 }, (_, at) => `text ${at}`));
    }
    admin[Symbol.dispose]();
  });

  test("who has their data erased on one is closed for good on both, and may come back", async () => {
    using both = await pair();
    await both.question.answer("Good day.");
    // Somebody who follows nothing: only the store tells of them.
    using idle = await device(other.port, token, "idle");
    expect((await erase(one.port, token)).status).toBeLessThan(300);
    const closed = await Promise.all([both.here, both.there, idle].map((client) => client.closed));
    expect(closed.map(({ code }) => code)).toEqual([4410, 4410, 4410]);
    using again = await device(other.port, token, "again");
    // By the time that another's erasure was seen in the store, the first was too.
    const later = tokenOf(`user-${++users}`);
    using another = await device(other.port, later, "idle");
    await erase(one.port, later);
    expect((await another.closed).code).toBe(4410);
    expect(again.socket.readyState).toBe(again.socket.OPEN);
  });

  test("an answer that one writes is read on the other while it is written, and stopped from there", async () => {
    using both = await pair();
    const { here, there, session_id, question } = both;
    await question.say("Well, ");
    await hears(here, "Well, ");
    await hears(there, "Well, ");
    await question.say("let me see.");
    await hears(there, "Well, let me see.");
    there.send({ type: "stop", session_id });
    for (const client of [here, there]) {
      const { entry: stored } = await entry(client, ({ sender }) => sender === "ai");
      expect(stored).toMatchObject({
        content: "Well, let me see.",
        answer: { status: "stopped" },
      });
      expect(await client.next("run_end")).toMatchObject({ status: "stopped" });
    }
  });

  test("who comes to the other in the middle of an answer goes on reading where it is", async () => {
    using both = await pair();
    const { here, session_id, question } = both;
    await question.say("One, ");
    await hears(here, "One, ");
    using late = await device(other.port, token, "late");
    let state = await resume(late, session_id);
    // What was kept so far, at most a second ago.
    while (state.runs[0]?.text !== "One, ") state = await resume(late, session_id);
    await question.say("two.");
    question.finish();
    const { entry: stored } = await entry(late, ({ sender }) => sender === "ai");
    expect(stored).toMatchObject({ content: "One, two.", answer: { status: "complete" } });
    expect(entriesOf(late, session_id).filter(({ sender }) => sender === "ai")).toHaveLength(1);
  });

  test("a takeover on one ends the answer that the other writes, and nothing of it comes late", async () => {
    using both = await pair();
    const { here, there, session_id, question } = both;
    await question.say("I think ");
    await hears(here, "I think ");
    using admin = await device(other.port, tokenOf("bob", ["admin"]), "desk");
    admin.send({ type: "admin_join", session_id });
    await entry(there, ({ kind }) => kind === "control");
    await question.exchange.closed;
    await say(admin, "I am here.", { session_id });
    await entry(here, (one) => textOf(one) === "I am here.");
    const { entry: kept } = await entry(here, ({ sender }) => sender === "ai");
    expect(kept).toMatchObject({ content: "I think ", answer: { status: "superseded" } });
  });

  test("a question on one during an answer of the other is answered after it, by one of them", async () => {
    using both = await pair();
    const { here, there, session_id, question } = both;
    await question.say("First.");
    await hears(here, "First.");
    await say(there, "second question", { session_id });
    await isNoted(session_id);
    question.finish();
    const second = await model.question(++asked);
    expect(second.prompt).toContain("second question");
    await second.answer("Second.");
    await entry(there, (one) => textOf(one) === "Second.");
    expect(model.asked()).toHaveLength(asked);
  });

  test("what they do is counted", async () => {
    expect(await other.metric("chatbox_hints_heard_total")).toEqual(
      hasHints ? expect.toSatisfy((count: number) => count > 0) : 0,
    );
    const found = await other.metric("chatbox_hints_repaired_total");
    if (!hasHints) expect(found).toBeGreaterThan(0);
    expect(await other.metric("message_delivery_latency_seconds_count")).toBeGreaterThan(0);
    expect(await one.metric("chatbox_run_first_token_seconds_count")).toBeGreaterThan(0);
    expect(await one.metric('chatbox_run_duration_seconds_count{status="stopped"}')).toBe(1);
    expect(await other.metric('chatbox_resumes_total{mode="delta"}')).toBeGreaterThan(0);
    const warned = one.said.some((line) => line.includes("MongoDB without Redis"));
    expect(warned).toBe(!hasHints);
  });

  test("limits are counted together", async () => {
    const admin = tokenOf("carol", ["admin"]);
    const statuses: number[] = [];
    for (let at = 0; at < 40; at++) {
      const { port } = at % 2 ? one : other;
      statuses.push((await over(port, admin, ["GET", "/admin/sessions"])).status);
    }
    // Each by itself would let through all of its twenty. What takes too long is counted where it came.
    expect(statuses.filter((status) => status === 200).length).toBeLessThan(30);
    expect(statuses).toContain(429);
  });

  test(
    "one is killed in the middle of an answer: the other ends it with its text, and goes on",
    { timeout: 60_000 },
    async () => {
      using both = await pair();
      const { here, there, session_id, question } = both;
      await question.say("As I was say");
      await hears(there, "As I was say");
      await kept(other, session_id, "As I was say");
      const silent = await device(one.port, tokenOf("dave"), "phone");
      const unanswered = await say(silent, "is anybody there?");
      await model.question(++asked);
      await one.end("SIGKILL");
      const { entry: stored } = await entry(there, ({ sender }) => sender === "ai");
      expect(stored).toMatchObject({ content: "As I was say", answer: { status: "interrupted" } });
      // Of the other question nobody had read anything: it is answered.
      const again = await model.question(++asked);
      expect(again.prompt).toContain("is anybody there?");
      await again.answer("I am.");
      using back = await device(other.port, tokenOf("dave"), "phone");
      let state = await resume(back, unanswered.session_id);
      if (!state.entries.some((one) => textOf(one) === "I am.")) {
        await entry(back, (one) => textOf(one) === "I am.");
        state = await resume(back, unanswered.session_id);
      }
      expect(state.entries.filter(({ sender }) => sender === "ai")).toHaveLength(1);
      // Whoever was on the dead one finds all of it on the other, once.
      using moved = await device(other.port, token, "here");
      const whole = await resume(moved, session_id);
      expect(whole.entries.filter(({ kind }) => kind === "message").map(textOf)).toEqual([
        "first question",
        "As I was say",
      ]);
      expect(whole.runs).toEqual([]);
      expect(await other.metric("chatbox_instances_lost_total")).toBe(1);
      expect(await other.metric("chatbox_lease_takeovers_total")).toBe(2);
      here[Symbol.dispose]();
      silent[Symbol.dispose]();
      one = await start();
    },
  );

  async function kept(process: ChatProcess, session_id: string, text: string): Promise<void> {
    using reader = await device(process.port, token, "reader");
    while ((await resume(reader, session_id)).runs[0]?.text !== text);
  }
});

/** What a message says; undefined: it is something else. */
function textOf(entry: WireEntry): string | undefined {
  return "content" in entry ? entry.content : undefined;
}

/** The device has got this much of the answer that is being written. */
async function hears(client: Client, text: string): Promise<void> {
  for (;;) {
    let had = "";
    for (const frame of client.heard) {
      if (frame.type === "run_start") had = frame.run.text;
      if (frame.type === "resumed") had = frame.sessions[0]?.runs[0]?.text ?? had;
      if (frame.type === "run_delta") had = had.slice(0, frame.at) + frame.text;
    }
    if (had === text) return;
    await new Promise<void>((resolve) => client.socket.once("message", () => resolve()));
  }
}
