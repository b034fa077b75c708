import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ServerFrames } from "@warren/wire";
import { afterAll, describe, expect, test } from "vitest";
import { mongoDatabase } from "../src/testing/index.ts";
import type { StoreConfig } from "../src/store/store-config.ts";
import { service } from "@warren/host/testing";
import { forgetCompiled, Member } from "./_members.ts";
import { Client, temporaryFolder, tokenOf } from "./_running-chat.ts";
import { device, over, resume, wholeLog } from "./_talk-kit.ts";

const MONGO_URI = service("MONGO_URI");
afterAll(forgetCompiled);

const USERS = ["alice", "bob", "carol"];
const SENT = 4;

/** What a user was promised, in the order in which it was. */
interface Promised {
  readonly user: string;
  readonly token: string;
  readonly acks: ServerFrames["message_ack"][];
  /** Sent and not acknowledged: to be sent again. */
  readonly open: Set<string>;
}

function frameOf(client_message_id: string) {
  return { type: "user_message", content: `text of ${client_message_id}`, client_message_id };
}

/** Sends what is open and some more, and resolves with the first ack: that is when the kill comes. */
async function talk(client: Client, promised: Promised, round: number): Promise<void> {
  const { open, acks, user } = promised;
  for (let at = 0; at < SENT; at++) open.add(`${user}-${round}-${at}`);
  client.socket.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as ServerFrames["message_ack"];
    if (frame.type !== "message_ack") return;
    open.delete(frame.client_message_id);
    acks.push(frame);
  });
  for (const client_message_id of open) client.send(frameOf(client_message_id));
  await client.next("message_ack");
}

const KEPT =
  "nothing acknowledged is lost or doubled, and the order is kept, over $rounds kills right after an ack";

describe("what is kept in SQLite", () => {
  test.each([{ rounds: 20 }])(KEPT, ({ rounds }) => crashes({ kind: "sqlite" }, rounds), 600_000);
});

describe.skipIf(MONGO_URI === undefined)("what is kept in MongoDB", () => {
  test.each([{ rounds: 4 }])(KEPT, crashesOnMongo, 600_000);
});

async function crashesOnMongo({ rounds }: { rounds: number }): Promise<void> {
  await using own = mongoDatabase(MONGO_URI!);
  await crashes({ kind: "mongodb", uri: own.uri, database: own.name, legacy: "mixed" }, rounds);
}

async function crashes(store: StoreConfig, rounds: number): Promise<void> {
  await using folder = await temporaryFolder();
  const all = USERS.map((user): Promised => ({
    user,
    token: tokenOf(user),
    acks: [],
    open: new Set(),
  }));
  // The next one loads while this one is talked to.
  let [member, next] = [new Member(), new Member()];
  for (let round = 0; round < rounds; round++) {
    const port = await member.start(folder.path, store);
    const clients = await Promise.all(all.map(({ token }) => Client.open(port, token)));
    // Each is the first to speak in a third of the rounds: the first one's ack mostly comes first.
    const turns = clients.map((_, at) => (at + round) % clients.length);
    await Promise.race(turns.map((at) => talk(clients[at]!, all[at]!, round)));
    await member.end("SIGKILL");
    await Promise.all(clients.map(({ closed }) => closed));
    [member, next] = [next, new Member()];
  }
  const port = await member.start(folder.path, store);
  await Promise.all(all.map((promised) => checkKept(port, promised, rounds * SENT)));
  await Promise.all([member.end("SIGKILL"), next.end("SIGKILL")]);
}

async function checkKept(
  port: number,
  { token, acks, open }: Promised,
  sent: number,
): Promise<void> {
  using reader = await device(port, token, "reader");
  for (const client_message_id of open) reader.send(frameOf(client_message_id));
  // In a few rounds somebody may have been promised nothing yet.
  const late: ServerFrames["message_ack"][] = [];
  for (const name of open)
    late.push(await reader.next("message_ack", (ack) => ack.client_message_id === name));
  const byName = new Map(acks.map((ack) => [ack.client_message_id, ack]));
  const sessions = new Set([...acks, ...late].map(({ session_id }) => session_id));
  expect([...sessions]).toHaveLength(1);
  const [session_id] = [...sessions] as [string];
  const entries = await wholeLog(reader, session_id);
  // Dense numbers, in the order of their times.
  expect(entries.map(({ number }) => number)).toEqual(entries.map((_, at) => at + 1));
  const times = entries.map(({ hlc }) => hlc);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const stored = entries.filter(({ kind, sender }) => kind === "message" && sender === "user");
  // Each once, where it was promised to be.
  const names = stored.map(({ client_message_id }) => client_message_id);
  expect(new Set(names).size).toBe(names.length);
  const places = new Map(stored.map((one) => [one.client_message_id, one]));
  for (const [name, { number, message_id }] of byName) {
    expect(places.get(name)).toMatchObject({ number, message_id });
  }
  expect(names).toHaveLength(sent);
  await checkRow(port, token, {
    session_id,
    messages: entries.filter(({ kind }) => kind === "message").length,
  });
}

async function checkRow(
  port: number,
  token: string,
  { session_id, messages }: { session_id: string; messages: number },
): Promise<void> {
  const { body: read } = await over(port, token, ["GET", `/sessions/${session_id}`]);
  const { length } = read["messages"] as object[];
  expect(length).toBeGreaterThanOrEqual(messages);
  const { body } = await over(port, token, ["GET", "/sessions"]);
  const [row] = body["sessions"] as { message_count: number }[];
  expect(row!.message_count).toBeGreaterThanOrEqual(messages);
}

test("a member that is told to end goes with what it had acknowledged, and without an error", async () => {
  await using folder = await temporaryFolder();
  const first = new Member();
  const client = await Client.open(await first.start(folder.path), tokenOf("alice"));
  client.send(frameOf("kept"));
  const { session_id } = await client.next("message_ack");
  await first.end("SIGTERM");
  const second = new Member();
  using reader = await device(await second.start(folder.path), tokenOf("alice"), "reader");
  const { entries } = await resume(reader, session_id);
  expect(entries.map(({ client_message_id }) => client_message_id)).toContain("kept");
  await second.end("SIGKILL");
});

test("a session whose row was lost in a crash has it again without being asked for", async () => {
  await using folder = await temporaryFolder();
  const first = new Member();
  const client = await Client.open(await first.start(folder.path), tokenOf("alice"));
  client.send(frameOf("kept"));
  const { session_id } = await client.next("message_ack");
  await first.end("SIGKILL");
  {
    // As if the kill had come before the row.
    const database = new DatabaseSync(join(folder.path, "chat.db"));
    database.exec("DELETE FROM session; DELETE FROM session_hour");
    database.close();
  }
  const second = new Member();
  const port = await second.start(folder.path);
  const row = await rowOf(port, session_id);
  expect(row).toMatchObject({ user_id: "alice", message_count: 1 });
  await second.end("SIGKILL");
});

/** From the list of all sessions, which reads rows as they are. */
async function rowOf(port: number, session_id: string): Promise<unknown> {
  const admin = tokenOf("root", ["admin"]);
  for (;;) {
    const { body } = await over(port, admin, ["GET", "/admin/sessions?limit=10"]);
    const row = (body["sessions"] as { id: string }[]).find(({ id }) => id === session_id);
    if (row !== undefined) return row;
  }
}
