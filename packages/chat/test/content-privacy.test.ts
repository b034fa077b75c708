import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { silentLog } from "@warren/host/testing";
import { promMetrics, systemClock } from "@warren/host";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentChat, sent, uploaded, type Message } from "./_content-kit.ts";
import { startChat } from "../src/start.ts";
import { Client, configOf, temporaryFolder, tokenOf } from "./_running-chat.ts";
import { openStore } from "./_sqlite-kit.ts";
import { device, refusal, resume, say } from "./_talk-kit.ts";

interface Export {
  user_id: string;
  sessions: { session_id: string; name: string; messages: Message[] }[];
  files: { file_id: string; name: string }[];
  share_links: object[];
}

const opened = new AsyncDisposableStack();
let chat: Awaited<ReturnType<typeof contentChat>>;
let users = 0;

beforeAll(async () => {
  chat = opened.use(await contentChat());
});
afterAll(() => opened.disposeAsync());

/** Somebody with two sessions, one of them with a file; another with one; an admin's note. */
async function peopled() {
  const { port, ask } = chat;
  users += 1;
  const [user, other] = [`alice-${users}`, `bob-${users}`];
  const file = await uploaded(ask, user);
  const first = await sent(port, user, file);
  await ask(`POST /sessions/${first}/end`, user);
  using alice = await device(port, tokenOf(user), "phone");
  const { session_id: second } = await say(alice, "hello");
  const { message_id } = await say(alice, "the password is swordfish");
  const of = { session_id: second, message_id };
  alice.send({ type: "edit", ...of, content: "the password is tuna" });
  await alice.next("message_ack", () => true, alice.heard.length);
  await ask(`POST /sessions/${second}/share`, user);
  using admin = await device(port, tokenOf("carol", ["admin"]), "desk");
  admin.send({ type: "note", session_id: second, content: "she is difficult" });
  await admin.next("message_ack");
  using bob = await device(port, tokenOf(other), "phone");
  await say(bob, "bob's own");
  return { user, other, file, first, second };
}

describe("an export", () => {
  test("has all that a user has, as it stands, and of nobody else, and no note", async () => {
    const { user, other, file, first, second } = await peopled();
    const { status, body, headers } = await chat.ask("GET /me/export", user);
    expect(status).toBe(200);
    expect(headers.get("content-disposition")).toContain("attachment");
    const all = body as unknown as Export;
    expect(all.user_id).toBe(user);
    expect(all.sessions.map(({ session_id }) => session_id)).toEqual([first, second]);
    expect(all.sessions[0]!.messages[0]).toMatchObject({ file_id: file.file_id, type: "file" });
    expect(all.sessions[1]!.messages).toContainEqual(
      expect.objectContaining({ content: "the password is tuna", edited: true }),
    );
    expect(all.files).toMatchObject([{ file_id: file.file_id, name: "cat.png" }]);
    expect(all.share_links).toMatchObject([{ session_id: second }]);
    const text = JSON.stringify(all);
    for (const foreign of ["difficult", other, "bob's own", "swordfish"]) {
      expect(text).not.toContain(foreign);
    }
  });

  test("of one without anything is whole as well", async () => {
    const { body } = await chat.ask("GET /me/export", "nobody");
    expect(body).toMatchObject({ user_id: "nobody", sessions: [], files: [], share_links: [] });
  });

  test("of somebody else is for admins, and has no note for them either", async () => {
    const { user, other } = await peopled();
    const path = `GET /admin/users/${user}/export`;
    expect((await chat.ask(path, other)).status).toBe(403);
    expect((await chat.ask("GET /me/export", undefined)).status).toBe(401);
    const { body } = await chat.ask(path, "admin:carol");
    expect(JSON.stringify(body)).toContain("tuna");
    expect(JSON.stringify(body)).not.toContain("difficult");
  });
});

describe("erasure", () => {
  test("of all that a user has leaves nothing of it to read, and says what stays", async () => {
    const { user, other, second, file } = await peopled();
    const { ask } = chat;
    const { status, body } = await ask("DELETE /me/data", user);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "erased", sessions: 2, files: 1 });
    expect((body["kept"] as string[]).length).toBeGreaterThan(2);
    expect((await ask("GET /sessions", user)).body["sessions"]).toEqual([]);
    expect((await ask(`GET /sessions/${second}`, "admin:carol")).status).toBe(404);
    const listed = await ask(`GET /admin/sessions?user_id=${user}`, "admin:carol");
    expect(listed.body["total"]).toBe(0);
    expect((await ask(`GET ${file.file_url}`, undefined)).status).toBe(404);
    expect((await ask("GET /shares", user)).body["count"]).toBe(0);
    const stored = await readdir(join(chat.folder.path, "files"), { recursive: true });
    expect(stored.filter((name) => name.includes(file.file_id))).toEqual([]);
    expect((await ask("GET /me/export", other)).body["sessions"]).toHaveLength(1);
  });

  test("ends what the user has open, for good", async () => {
    using leaver = await Client.open(chat.port, tokenOf("leaver"));
    using other = await device(chat.port, tokenOf("stays"), "phone");
    await say(leaver, "hello");
    await chat.ask("DELETE /me/data", "leaver");
    expect(await leaver.closed).toMatchObject({ code: 4410, reason: "GONE" });
    await say(other, "still here");
  });

  test("of one session leaves the others", async () => {
    const { user, other, first, second, file } = await peopled();
    expect((await chat.ask(`DELETE /sessions/${second}`, other)).status).toBe(404);
    const { body } = await chat.ask(`DELETE /sessions/${second}`, user);
    expect(body).toMatchObject({ status: "erased", sessions: 1, files: 0 });
    const left = await chat.ask("GET /sessions", user);
    expect(left.body["sessions"]).toMatchObject([{ id: first }]);
    expect((await chat.ask(`GET ${file.file_url}`, undefined)).status).toBe(200);
  });

  test("is not undone by a device that goes on: it is told, and begins another session", async () => {
    using phone = await device(chat.port, tokenOf("goes-on"), "phone");
    const { session_id, message_id } = await say(phone, "hello");
    await chat.ask(`DELETE /sessions/${session_id}`, "goes-on");
    const from = phone.heard.length;
    const reaction = { emoji: "x", on: true, message_id, client_message_id: "late" };
    phone.send({ type: "reaction", session_id, ...reaction });
    expect((await refusal(phone, from)).error.code).toBe("GONE");
    const next = await say(phone, "again", { session_id });
    expect(next.session_id).not.toBe(session_id);
    const state = await resume(phone, next.session_id);
    const texts = state.entries.map((entry) => ("content" in entry ? entry.content : ""));
    expect(texts).toContain("again");
    expect(texts).not.toContain("hello");
  });

  test("by an admin is of the one who is named", async () => {
    const { user, other } = await peopled();
    const path = `DELETE /admin/users/${user}/data`;
    expect((await chat.ask(path, other)).status).toBe(403);
    const { body } = await chat.ask(path, "admin:carol");
    expect(body).toMatchObject({ status: "erased", sessions: 2 });
    expect((await chat.ask("GET /sessions", other)).body["total"]).toBe(1);
  });

  test("and export tell no log whose data it was", async () => {
    const user = "somebody@example.com";
    using client = await device(chat.port, tokenOf(user), "phone");
    await say(client, "my words");
    await chat.ask("GET /me/export", user);
    await chat.ask("DELETE /me/data", user);
    const lines = JSON.stringify(chat.log.lines);
    expect(lines).toContain("data was erased");
    for (const secret of [user, "my words"]) expect(lines).not.toContain(secret);
  });
});

test("metrics count what was shared, exported and erased", async () => {
  const { user } = await peopled();
  await chat.ask("GET /me/export", user);
  await chat.ask("DELETE /me/data", user);
  const text = await chat.metrics.text();
  for (const series of [
    'chat_share_links_total{event="created"}',
    'chat_exports_total{outcome="done"}',
    'chat_sessions_erased_total{by="user"}',
    'chat_files_removed_total{reason="erased"}',
  ]) {
    expect(text).toContain(series);
  }
});

test("an erasure that a process left behind is done when the next one starts", async () => {
  await using folder = await temporaryFolder();
  const deps = {
    clock: systemClock,
    wallClock: Date.now,
    random: Math.random,
    log: silentLog(),
    fatal: () => {},
  };
  const start = () =>
    startChat(
      configOf(folder.path),
      { ...deps, metrics: promMetrics() },
      new AbortController().signal,
    );
  {
    await using first = await start();
    using client = await device(first.port, tokenOf("alice"), "phone");
    await say(client, "to be gone");
  }
  {
    // As a process leaves it that is killed after its first step.
    await using store = await openStore(join(folder.path, "chat.db"));
    const erasure = { userId: "alice", sessionId: undefined, sinceMs: Date.now() };
    await store.erasures.put(erasure, erasure.sinceMs);
  }
  await using second = await start();
  const headers = { authorization: `Bearer ${tokenOf("alice")}` };
  const left = async () => {
    const response = await fetch(`http://127.0.0.1:${second.port}/chat/sessions`, { headers });
    return ((await response.json()) as { total: number }).total;
  };
  await expect.poll(left, { timeout: 10_000 }).toBe(0);
});
