// What is left when the only instance of a file is killed, and when Redis goes away and comes back.
import { promMetrics, systemClock } from "@warren/host";
import { recordingLog } from "@warren/host/testing";
import type { WireEntry } from "@warren/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROVIDER_SETTINGS } from "../src/providers/open-providers.ts";
import { startChat } from "../src/start.ts";
import { mongoDatabase } from "../src/testing/index.ts";
import { ChatProcess } from "./_instances.ts";
import { MONGO_URI } from "./_mongo-kit.ts";
import { oneRedis, REDIS_SERVER } from "./_redis.ts";
import { configOf, temporaryFolder, tokenOf, type Client } from "./_running-chat.ts";
import { device, entriesOf, entry, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

type Config = ReturnType<typeof configOf>;

async function start(folder: string, given: Partial<Config>) {
  const metrics = promMetrics();
  const deps = {
    clock: systemClock,
    wallClock: Date.now,
    random: Math.random,
    log: recordingLog(),
    metrics,
    fatal: () => {},
  };
  const config = configOf(folder, {
    providerSettings: { ...PROVIDER_SETTINGS, attempts: 1, breakerFailures: 1_000 },
    rates: UNLIMITED,
    ...given,
  });
  const chat = await startChat(config, deps, new AbortController().signal);
  const counted = async (name: string) => {
    const line = (await metrics.text()).split("\n").find((one) => one.startsWith(`${name} `));
    return Number(line?.split(" ")[1] ?? 0);
  };
  return { port: chat.port, counted, [Symbol.asyncDispose]: () => chat[Symbol.asyncDispose]() };
}

describe("a chat that was killed in the middle of things", () => {
  test("ends the answers of its former life, and answers what nobody had begun to", async () => {
    await using model = await scriptedModel();
    await using folder = await temporaryFolder();
    const begin = () => ChatProcess.start({ mongoUri: "", folder: folder.path, env: {}, model });
    const [alice, bob] = [tokenOf("alice"), tokenOf("bob")];
    await using chat = await begin();
    using phone = await device(chat.port, alice, "phone");
    const told = await say(phone, "tell me");
    const question = await model.question(1);
    await question.say("Once upon ");
    await phone.next("run_delta");
    using other = await device(chat.port, bob, "phone");
    const untold = await say(other, "hello?");
    await model.question(2);
    // Its first text is kept at once, what follows each second.
    await question.say("a time ");
    // Of both answers, and one of each may have been on its way.
    const kept = () => chat.metric("chatbox_checkpoints_total");
    const before = await kept();
    await expect.poll(kept).toBeGreaterThanOrEqual(before + 4);
    await chat.end("SIGKILL");
    await using again = await begin();
    // Nobody else can have the file: it waits for nobody.
    await (await model.question(3)).answer("Here I am.");
    using reader = await device(again.port, bob, "phone");
    expect(await answerIn(reader, untold.session_id)).toMatchObject({
      content: "Here I am.",
      answer: { status: "complete" },
    });
    using back = await device(again.port, alice, "phone");
    expect(await answerIn(back, told.session_id)).toMatchObject({
      content: "Once upon a time ",
      answer: { status: "interrupted" },
    });
    expect(model.asked()).toHaveLength(3);
    expect(await again.metric("chatbox_instances_lost_total")).toBe(1);
    expect(await again.metric("chatbox_lease_takeovers_total")).toBe(2);
  }, 60_000);
});

/** The answer of a session that has one, whenever it comes. */
async function answerIn(client: Client, session_id: string): Promise<WireEntry> {
  await resume(client, session_id);
  for (;;) {
    const found = entriesOf(client, session_id).find(({ sender }) => sender === "ai");
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => client.socket.once("message", () => resolve()));
  }
}

const isRunnable = MONGO_URI !== undefined && REDIS_SERVER !== undefined;

describe.skipIf(!isRunnable)("two instances whose Redis goes away", () => {
  const opened = new AsyncDisposableStack();
  let redis: Awaited<ReturnType<typeof oneRedis>>;
  let one: Awaited<ReturnType<typeof start>>;
  let other: Awaited<ReturnType<typeof start>>;

  beforeAll(async () => {
    redis = opened.use(await oneRedis());
    const { name } = opened.use(mongoDatabase(MONGO_URI!));
    const given: Partial<Config> = {
      store: { kind: "mongodb", uri: MONGO_URI!, database: name, legacy: "mixed" },
      redis: redis.place,
    };
    const folders = [opened.use(await temporaryFolder()), opened.use(await temporaryFolder())];
    one = opened.use(await start(folders[0]!.path, given));
    other = opened.use(await start(folders[1]!.path, given));
  }, 60_000);
  afterAll(() => opened.disposeAsync(), 60_000);

  test(
    "go on delivering by what is stored, and by hints again when it is back",
    { timeout: 60_000 },
    async () => {
      const token = tokenOf("alice");
      using here = await device(one.port, token, "here");
      const { session_id } = await say(here, "before");
      using there = await device(other.port, token, "there");
      await resume(there, session_id);
      await redis.kill();
      await say(here, "meanwhile", { session_id });
      await entry(there, (found) => "content" in found && found.content === "meanwhile");
      // A hint is lost once its link gives up, which may be after the store has delivered.
      await expect.poll(() => one.counted("chatbox_hints_lost_total")).toBeGreaterThan(0);
      await expect.poll(() => other.counted("chatbox_hints_repaired_total")).toBeGreaterThan(0);
      await redis.restart();
      const before = await other.counted("chatbox_hints_heard_total");
      for (let at = 0; (await other.counted("chatbox_hints_heard_total")) === before; at++) {
        await say(here, `after ${at}`, { session_id });
        await entry(there, (found) => "content" in found && found.content === `after ${at}`);
      }
      const texts = entriesOf(there, session_id)
        .filter(({ sender }) => sender === "user")
        .map((found) => ("content" in found ? found.content : ""));
      expect(texts.slice(0, 2)).toEqual(["before", "meanwhile"]);
      expect(new Set(texts).size).toBe(texts.length);
    },
  );
});
