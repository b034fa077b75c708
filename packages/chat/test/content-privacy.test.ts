import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { contentChat, sent, uploaded, type Message } from "./_content-kit.ts";
import { Client, tokenOf } from "./_running-chat.ts";
import { device, refusal, resume, say } from "./_talk-kit.ts";

interface Export {
  user_id: string;
  sessions: { session_id: string; name: string; messages: Message[] }[];
  files: { file_id: string; name: string }[];
  share_links: object[];
}

/** Alice with two sessions, one of them with a file; bob with one; a note of an admin in alice's. */
async function peopled() {
  const chat = await contentChat();
  const { port, ask } = chat;
  const file = await uploaded(ask, "alice");
  const first = await sent(port, "alice", file);
  await ask(`POST /sessions/${first}/end`, "alice");
  using alice = await device(port, tokenOf("alice"), "phone");
  const { session_id: second } = await say(alice, "hello");
  const { message_id } = await say(alice, "the password is swordfish");
  const of = { session_id: second, message_id };
  alice.send({ type: "edit", ...of, content: "the password is tuna" });
  await alice.next("message_ack", () => true, alice.heard.length);
  await ask(`POST /sessions/${second}/share`, "alice");
  using admin = await device(port, tokenOf("carol", ["admin"]), "desk");
  admin.send({ type: "note", session_id: second, content: "she is difficult" });
  await admin.next("message_ack");
  using bob = await device(port, tokenOf("bob"), "phone");
  const { session_id: bobs } = await say(bob, "bob's own");
  return { ...chat, file, first, second, bobs };
}

async function filesIn(path: string): Promise<string[]> {
  const all = await readdir(join(path, "files", "objects"), { recursive: true });
  return all.filter((name) => /[0-9a-f]{32}$/.test(name));
}

describe("an export", () => {
  test("has all that a user has, as it stands, and of nobody else, and no note", async () => {
    await using chat = await peopled();
    const { status, body, headers } = await chat.ask("GET /me/export", "alice");
    expect(status).toBe(200);
    expect(headers.get("content-disposition")).toContain("attachment");
    const all = body as unknown as Export;
    expect(all.user_id).toBe("alice");
    expect(all.sessions.map(({ session_id }) => session_id)).toEqual([chat.first, chat.second]);
    const [first, second] = all.sessions;
    expect(first!.messages[0]).toMatchObject({ file_id: chat.file.file_id, type: "file" });
    expect(second!.messages).toContainEqual(
      expect.objectContaining({ content: "the password is tuna", edited: true }),
    );
    expect(all.files).toMatchObject([{ file_id: chat.file.file_id, name: "cat.png" }]);
    expect(all.share_links).toMatchObject([{ session_id: chat.second }]);
    const text = JSON.stringify(all);
    for (const foreign of ["difficult", "bob's own", "swordfish"]) {
      expect(text).not.toContain(foreign);
    }
  });

  test("of one without anything is whole as well", async () => {
    await using chat = await contentChat();
    const { body } = await chat.ask("GET /me/export", "nobody");
    expect(body).toMatchObject({ user_id: "nobody", sessions: [], files: [], share_links: [] });
  });

  test("of somebody else is for admins, and has no note for them either", async () => {
    await using chat = await peopled();
    expect((await chat.ask("GET /admin/users/alice/export", "bob")).status).toBe(403);
    expect((await chat.ask("GET /me/export", undefined)).status).toBe(401);
    const { body } = await chat.ask("GET /admin/users/alice/export", "admin:carol");
    expect(JSON.stringify(body)).toContain("tuna");
    expect(JSON.stringify(body)).not.toContain("difficult");
  });
});

describe("erasure", () => {
  test("of all that a user has leaves nothing of it to read, and says what stays", async () => {
    await using chat = await peopled();
    const { ask } = chat;
    const { status, body } = await ask("DELETE /me/data", "alice");
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "erased", sessions: 2, files: 1 });
    expect((body["kept"] as string[]).length).toBeGreaterThan(2);
    expect((await ask("GET /sessions", "alice")).body["sessions"]).toEqual([]);
    expect((await ask(`GET /sessions/${chat.second}`, "admin:carol")).status).toBe(404);
    expect((await ask("GET /admin/sessions", "admin:carol")).body["total"]).toBe(1);
    expect((await ask(`GET ${chat.file.file_url}`, undefined)).status).toBe(404);
    expect((await ask("GET /shares", "alice")).body["count"]).toBe(0);
    expect(await filesIn(chat.folder.path)).toEqual([]);
    expect((await ask("GET /me/export", "bob")).body["sessions"]).toHaveLength(1);
  });

  test("ends what the user has open, for good", async () => {
    await using chat = await contentChat();
    using alice = await Client.open(chat.port, tokenOf("alice"));
    using bob = await device(chat.port, tokenOf("bob"), "phone");
    await say(alice, "hello");
    await chat.ask("DELETE /me/data", "alice");
    expect(await alice.closed).toMatchObject({ code: 4410, reason: "GONE" });
    await say(bob, "still here");
  });

  test("of one session leaves the others", async () => {
    await using chat = await peopled();
    expect((await chat.ask(`DELETE /sessions/${chat.second}`, "mallory")).status).toBe(404);
    const { body } = await chat.ask(`DELETE /sessions/${chat.second}`, "alice");
    expect(body).toMatchObject({ status: "erased", sessions: 1, files: 0 });
    const left = await chat.ask("GET /sessions", "alice");
    expect(left.body["sessions"]).toMatchObject([{ id: chat.first }]);
    expect((await chat.ask(`GET ${chat.file.file_url}`, undefined)).status).toBe(200);
  });

  test("is not undone by a device that goes on: it is told, and begins another session", async () => {
    await using chat = await contentChat();
    using alice = await device(chat.port, tokenOf("alice"), "phone");
    const { session_id, message_id } = await say(alice, "hello");
    await chat.ask(`DELETE /sessions/${session_id}`, "alice");
    const from = alice.heard.length;
    const reaction = { emoji: "x", on: true, message_id, client_message_id: "late" };
    alice.send({ type: "reaction", session_id, ...reaction });
    expect((await refusal(alice, from)).error.code).toBe("GONE");
    const next = await say(alice, "again", { session_id });
    expect(next.session_id).not.toBe(session_id);
    const state = await resume(alice, next.session_id);
    const texts = state.entries.map((entry) => ("content" in entry ? entry.content : ""));
    expect(texts).toContain("again");
    expect(texts).not.toContain("hello");
  });

  test("by an admin is of the one who is named", async () => {
    await using chat = await peopled();
    expect((await chat.ask("DELETE /admin/users/alice/data", "bob")).status).toBe(403);
    const { body } = await chat.ask("DELETE /admin/users/alice/data", "admin:carol");
    expect(body).toMatchObject({ status: "erased", sessions: 2 });
    expect((await chat.ask("GET /sessions", "bob")).body["total"]).toBe(1);
  });

  test("tells no log whose data it was", async () => {
    await using chat = await contentChat();
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

test("data that was erased is in no file of the service any more", async () => {
  await using chat = await peopled();
  await chat.ask("DELETE /me/data", "alice");
  for (const name of await readdir(chat.folder.path)) {
    const bytes = await readFile(join(chat.folder.path, name)).catch(() => Buffer.alloc(0));
    expect(bytes.includes("tuna"), name).toBe(false);
  }
});
