import { createCipheriv, randomBytes } from "node:crypto";
import { service } from "@warren/host/testing";
import { MongoClient } from "mongodb";
import { describe, expect, test } from "vitest";
import { byCodePoint } from "../src/sessions/code-points.ts";
import { mongoDatabase, type MongoDatabase } from "../src/testing/index.ts";
import { Client, runningChat, SECRETS, tokenOf } from "./_running-chat.ts";
import { over, say } from "./_talk-kit.ts";

const MONGO_URI = service("MONGO_URI");
const KEY = "the-key-of-the-service-before-01";
const ALICE = tokenOf("alice");
const ROOT = tokenOf("root", ["admin"]);

/** As the service before stored it (`reference/chatbox.md`, D-4). */
function sealed(text: string, key = Buffer.from(KEY)): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64");
}

const at = (minute: number) => new Date(Date.UTC(2024, 4, 1, 10, minute));
const ENDED = {
  _id: "0f9a3c",
  uid: "alice",
  nm: "Hello there.",
  modelId: "gpt-4",
  msgs: [
    { content: sealed("Hello there. Look!"), ts: at(1), sender: "user" },
    { content: sealed("I see."), ts: at(2), sender: "ai", meta: { mood: "fine", size: 7 } },
    { content: "", ts: at(3), sender: "user", fileId: "f1", fileUrl: "https://files.example/f1" },
  ],
  ts: at(0),
  endTs: at(4),
  shareToken: "5ba2e5ba2e5ba2e5ba2e5ba2e5ba2e00",
  dur: 240n,
  totalTokens: 0,
  lastActivity: at(3),
  _ts: at(0),
  _mt: at(4),
};
/** From before that service had a key. */
const PLAIN = {
  _id: "client-made-up",
  uid: "bob",
  nm: "",
  msgs: [{ content: "in clear", ts: at(11), sender: "user" }],
  ts: at(10),
  lastActivity: at(11),
};
const LOST = {
  ...ENDED,
  _id: "lost",
  uid: "carol",
  msgs: [{ ...ENDED.msgs[0]!, content: sealed("gone", randomBytes(32)) }],
};
const ODD = { _id: "odd", uid: "dan", ts: "yesterday" };

/** A database as the service before left it, with its indexes. */
async function leftBehind(
  own: MongoDatabase,
  documents: readonly object[],
  collection = "sessions",
): Promise<void> {
  await using client = new MongoClient(own.uri);
  const sessions = client.db(own.name).collection(collection);
  await sessions.createIndex({ uid: 1 }, { name: "idx_user_id" });
  await sessions.createIndex({ ts: -1 }, { name: "idx_start_time" });
  await sessions.createIndex({ adminAssisted: 1 }, { name: "idx_admin_assisted" });
  await sessions.createIndex({ uid: 1, ts: -1 }, { name: "idx_user_start_time" });
  await sessions.insertMany([...documents]);
}

/** A chat that has brought over what it could. */
async function chatOn(own: MongoDatabase) {
  const store = { kind: "mongodb", uri: own.uri, database: own.name, legacy: "mixed" } as const;
  const former = Buffer.from(KEY).toString("base64");
  const keys = async () => ({ current: SECRETS.key, former });
  const running = await runningChat({ store, keys });
  const done = await running.log.line(({ msg }) => msg === DONE);
  return { ...running, done };
}

const DONE = "sessions of the service before were brought over";

interface Listed {
  readonly sessions: { readonly id: string }[];
}
async function listed(port: number): Promise<Listed["sessions"]> {
  const path = "/admin/sessions?limit=10&sort_by=start_time&sort_order=asc";
  const { body } = await over(port, ROOT, ["GET", path]);
  return (body as unknown as Listed).sessions;
}

describe.skipIf(MONGO_URI === undefined)("sessions of the service before", () => {
  test("are there under their ids, with their times, names and texts", async () => {
    await using own = mongoDatabase(MONGO_URI!);
    await leftBehind(own, [ENDED, PLAIN]);
    await using running = await chatOn(own);
    const { port } = running.chat;
    expect(running.done.fields).toMatchObject({ brought: 2, failed: 0 });
    expect(await listed(port)).toMatchObject([
      {
        user_id: "alice",
        name: "Hello there.",
        message_count: 3,
        is_active: false,
        start_time: "2024-05-01T10:00:00.000Z",
        end_time: "2024-05-01T10:04:00.000Z",
      },
      { user_id: "bob", message_count: 1, is_active: true },
    ]);
    const { body } = await over(port, ALICE, ["GET", `/sessions/${ENDED._id}`]);
    const shared = await fetch(`http://127.0.0.1:${port}/chat/shared/${ENDED.shareToken}`);
    expect(await shared.json()).toMatchObject({
      messages: [{ content: "Hello there. Look!" }, {}, {}],
    });
    expect(body["messages"]).toMatchObject([
      { sender: "user", content: "Hello there. Look!", timestamp: "2024-05-01T10:01:00.000Z" },
      { sender: "ai", content: "I see.", metadata: { mood: "fine" } },
      { sender: "user", content: "", type: "file" },
    ]);
  });

  test("are sealed anew, and their names as well", async () => {
    await using own = mongoDatabase(MONGO_URI!);
    await leftBehind(own, [ENDED, PLAIN]);
    await using _running = await chatOn(own);
    await using client = new MongoClient(own.uri);
    const db = client.db(own.name);
    const kept = await Promise.all(
      ["log", "sessions", "share_links"].map((name) => db.collection(name).find().toArray()),
    );
    const text = JSON.stringify(kept);
    for (const word of ["Hello", "I see", "in clear"]) expect(text).not.toContain(word);
    expect(text).not.toContain(ENDED.shareToken);
    expect(text).not.toContain(ENDED.msgs[0]!.content);
  });

  test("that cannot be read stay, and are told and tried again; others are not brought over twice", async () => {
    await using own = mongoDatabase(MONGO_URI!);
    await leftBehind(own, [ENDED, LOST, ODD, PLAIN]);
    {
      await using first = await chatOn(own);
      expect(first.done.fields).toMatchObject({ brought: 2, failed: 2 });
      const failed = first.log.lines.filter(({ level }) => level === "error");
      expect(failed.map(({ fields }) => String(fields["session"])).toSorted(byCodePoint)).toEqual([
        "lost",
        "odd",
      ]);
      expect(JSON.stringify(failed)).not.toContain(LOST.msgs[0]!.content);
    }
    await using again = await chatOn(own);
    expect(again.done.fields).toMatchObject({ brought: 0, failed: 2 });
    expect(await listed(again.chat.port)).toMatchObject([
      { message_count: 3 },
      { message_count: 1 },
    ]);
  });

  test("whose user is here already go on: with their new name, and not ended", async () => {
    await using own = mongoDatabase(MONGO_URI!);
    const store = { kind: "mongodb", uri: own.uri, database: own.name, legacy: "mixed" } as const;
    {
      await using before = await runningChat({ store });
      using client = await Client.open(before.chat.port, ALICE);
      await say(client, "Me first.", { session_id: ENDED._id });
      await client.next("ai_response", ({ metadata }) => metadata?.["done"] === "true");
      await before.chat.drain();
    }
    await leftBehind(own, [ENDED], "sessions_legacy");
    await using running = await chatOn(own);
    expect(running.done.fields).toMatchObject({ brought: 1, failed: 0 });
    const { body } = await over(running.chat.port, ALICE, ["GET", `/sessions/${ENDED._id}`]);
    const contents = (body["messages"] as { content: string }[]).map(({ content }) => content);
    expect([contents[0], ...contents.slice(2)]).toEqual([
      "Me first.",
      "Hello there. Look!",
      "I see.",
      "",
    ]);
    expect(await listed(running.chat.port)).toMatchObject([
      { name: "Me first.", is_active: true, message_count: 5 },
    ]);
  });

  test("are there once where two instances start at once", async () => {
    await using own = mongoDatabase(MONGO_URI!);
    await leftBehind(own, [
      ENDED,
      PLAIN,
      { ...ENDED, _id: "x1", shareToken: "" },
      { ...ENDED, _id: "x2", shareToken: null },
    ]);
    const [one, other] = await Promise.all([chatOn(own), chatOn(own)]);
    await using _one = one;
    await using _other = other;
    const counts = (await listed(one.chat.port)).map(
      (row) => (row as { message_count?: number }).message_count,
    );
    expect(counts).toEqual([3, 3, 3, 1]);
  });
});
