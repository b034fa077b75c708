import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { contentChat, messages, sent, uploaded } from "./_content-kit.ts";
import { tokenOf } from "./_running-chat.ts";
import { device, say } from "./_talk-kit.ts";

const newKey = () => randomBytes(32).toString("base64");

/** Asks until the rotation that runs has ended. */
async function ended({ ask }: Awaited<ReturnType<typeof contentChat>>) {
  for (;;) {
    const { body } = await ask("GET /admin/keys", "admin:carol");
    if (body["state"] !== "running") return body;
  }
}

test("a key is changed while the service goes on: files are read again, and nothing is lost", async () => {
  const keys = { current: newKey(), former: "" };
  await using chat = await contentChat({ keys: async () => ({ ...keys }) });
  const { ask, port } = chat;
  using alice = await device(port, tokenOf("alice"), "phone");
  const { session_id } = await say(alice, "under the old key");
  const { body: shared } = await ask(`POST /sessions/${session_id}/share`, "alice");
  const file = await uploaded(ask, "bob");
  const old = keys.current;
  keys.current = newKey();
  keys.former = old;
  const begun = await ask("POST /admin/keys/rotate", "admin:carol");
  expect(begun.status).toBe(202);
  await say(alice, "meanwhile", { session_id });
  const done = await ended(chat);
  expect(done).toMatchObject({ state: "done", complete: true, unreadable: 0 });
  expect(done["renewed"]).toBeGreaterThanOrEqual(2);
  // Links of before are good as long as the former key is known.
  expect((await ask(`GET ${file.file_url}`, undefined)).status).toBe(200);
  keys.former = "";
  await ask("POST /admin/keys/rotate", "admin:carol");
  expect(await ended(chat)).toMatchObject({ complete: true, unreadable: 0, former_key_ids: [] });
  const said = await messages(ask, "alice", session_id);
  expect(said.map(({ content }) => content)).toContain("under the old key");
  const again = await ask(`POST /sessions/${session_id}/share`, "alice");
  expect(again.body["share_token"]).toBe(shared["share_token"]);
  const link = await ask(`GET /shared/${shared["share_token"] as string}`, undefined);
  expect(link.status).toBe(200);
  expect((await ask(`GET ${file.file_url}`, undefined)).status).toBe(404);
});

test("a bad key changes nothing and says what is wrong, without a word of it", async () => {
  const keys = { current: newKey(), former: "" };
  await using chat = await contentChat({ keys: async () => ({ ...keys }) });
  const session = await sent(chat.port, "alice", await uploaded(chat.ask, "alice"));
  keys.current = "too short to be one";
  const { status, body } = await chat.ask("POST /admin/keys/rotate", "admin:carol");
  expect({ status, code: body["code"] }).toEqual({ status: 409, code: "CONFLICT" });
  expect(body["message"]).toContain("ENCRYPTION_KEY");
  expect(body["message"]).not.toContain("too short");
  expect(await messages(chat.ask, "alice", session)).toHaveLength(1);
});

test("rotation is for admins", async () => {
  await using chat = await contentChat();
  expect((await chat.ask("POST /admin/keys/rotate", "alice")).status).toBe(403);
  expect((await chat.ask("GET /admin/keys", "alice")).status).toBe(403);
  expect((await chat.ask("GET /admin/keys", undefined)).status).toBe(401);
});
