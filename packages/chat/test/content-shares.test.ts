import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contentChat, messages, sent, uploaded, type Ask, type Message } from "./_content-kit.ts";
import { tokenOf } from "./_running-chat.ts";
import { device, say, UNLIMITED } from "./_talk-kit.ts";
import { PNG } from "./_uploads.ts";

const opened = new AsyncDisposableStack();
let chat: Awaited<ReturnType<typeof contentChat>>;
let ask: Ask;

beforeAll(async () => {
  chat = opened.use(await contentChat());
  ({ ask } = chat);
});
afterAll(() => opened.disposeAsync());

let users = 0;
/** A session of a user of its own, with a message, shared. */
async function shared() {
  const user = `sharer-${++users}`;
  using client = await device(chat.port, tokenOf(user), "phone");
  const { session_id: session } = await say(client, "between us");
  const { status, body } = await ask(`POST /sessions/${session}/share`, user);
  expect(status).toBe(200);
  return { user, session, token: body["share_token"] as string, body };
}
const read = (token: string) => ask(`GET /shared/${token}`, undefined);

test("who has the link reads the session, as it goes on, and who has not does not", async () => {
  const { user, session, token } = await shared();
  expect(token).toMatch(/^[0-9a-f]{32}$/);
  using client = await device(chat.port, tokenOf(user), "phone");
  await say(client, "one more", { session_id: session });
  const { status, body, headers } = await read(token);
  expect(status).toBe(200);
  const said = (body["messages"] as Message[]).filter(({ sender }) => sender === "user");
  expect(said.map(({ content }) => content)).toEqual(["between us", "one more"]);
  expect(body).toMatchObject({ session_id: session, name: "between us" });
  expect(headers.get("cache-control")).toBe("no-store");
  expect((await read("0".repeat(32))).status).toBe(404);
  expect((await read("..%2f")).status).toBe(404);
  expect((await ask(`GET /sessions/${session}`, undefined)).status).toBe(401);
});

test("asking again gives the same link, on every device at once", async () => {
  const { user, session, token } = await shared();
  const again = await Promise.all(
    Array.from({ length: 5 }, () => ask(`POST /sessions/${session}/share`, user)),
  );
  expect(new Set(again.map(({ body }) => body["share_token"]))).toEqual(new Set([token]));
});

test("a link ends, and the next one is another (T-33)", async () => {
  await using other = await contentChat();
  using client = await device(other.port, tokenOf("alice"), "phone");
  const { session_id: session } = await say(client, "hello");
  const share = `POST /sessions/${session}/share`;
  const first = await other.ask(share, "alice", { expires_in: 600 });
  const token = first.body["share_token"] as string;
  other.wall.aheadMs = 599_000;
  expect((await other.ask(`GET /shared/${token}`, undefined)).status).toBe(200);
  other.wall.aheadMs = 601_000;
  const over = await other.ask(`GET /shared/${token}`, undefined);
  expect({ status: over.status, code: over.body["code"] }).toEqual({ status: 410, code: "GONE" });
  expect((await other.ask("GET /shares", "alice")).body).toMatchObject({ count: 0 });
  const second = await other.ask(share, "alice");
  expect(second.body["share_token"]).not.toBe(token);
});

test("its end is moved by asking for it, within bounds", async () => {
  const { user, session, token } = await shared();
  const share = `POST /sessions/${session}/share`;
  const moved = await ask(share, user, { expires_in: 7_200 });
  expect(moved.body["share_token"]).toBe(token);
  const leftMs = Date.parse(moved.body["expires_at"] as string) - Date.now();
  expect(leftMs).toBeGreaterThan(7_100_000);
  for (const expires_in of [0, -5, 1e9, "soon"]) {
    expect((await ask(share, user, { expires_in })).status, String(expires_in)).toBe(400);
  }
});

test("a link that is revoked opens nothing any more, its files neither (T-33)", async () => {
  const file = await uploaded(ask, "revoker");
  const session = await sent(chat.port, "revoker", file);
  const { body } = await ask(`POST /sessions/${session}/share`, "revoker");
  const token = body["share_token"] as string;
  const [message] = (await read(token)).body["messages"] as Message[];
  const url = message!.file_url;
  expect(Buffer.from(await (await fetch(chat.origin + url)).arrayBuffer())).toEqual(PNG);
  expect((await ask(`DELETE /sessions/${session}/share`, "revoker")).status).toBe(200);
  expect((await read(token)).status).toBe(404);
  expect((await fetch(chat.origin + url)).status).toBe(404);
  expect((await ask(`DELETE /sessions/${session}/share`, "revoker")).status).toBe(404);
  // The owner's own link is none of it.
  const [own] = await messages(ask, "revoker", session);
  expect((await fetch(chat.origin + own!.file_url)).status).toBe(200);
  const next = await ask(`POST /sessions/${session}/share`, "revoker");
  expect(next.body["share_token"]).not.toBe(token);
});

test("only whose session it is shares it; an admin may revoke", async () => {
  const { session, token } = await shared();
  expect((await ask(`POST /sessions/${session}/share`, "mallory")).status).toBe(404);
  expect((await ask(`DELETE /sessions/${session}/share`, "mallory")).status).toBe(404);
  expect((await ask(`POST /sessions/${session}/share`, "admin:bob")).status).toBe(403);
  expect((await ask(`DELETE /sessions/${session}/share`, "admin:bob")).status).toBe(200);
  expect((await read(token)).status).toBe(404);
});

test("private notes, user ids and reactions' authors are in no share", async () => {
  const { user, session, token } = await shared();
  using admin = await device(chat.port, tokenOf("bob", ["admin"]), "desk");
  admin.send({ type: "note", session_id: session, content: "a difficult one" });
  await admin.next("message_ack");
  const [message] = await messages(ask, user, session);
  admin.send({
    type: "reaction",
    session_id: session,
    message_id: message!.id,
    emoji: "x",
    on: true,
  });
  await admin.next("message_ack", () => true, admin.heard.length);
  const text = JSON.stringify((await read(token)).body);
  expect(text).toContain("between us");
  for (const hidden of ["a difficult one", user, "admin:bob"]) expect(text).not.toContain(hidden);
});

test("one's own links are listed, and tell which sessions are shared", async () => {
  const { user, session, token } = await shared();
  const { body } = await ask("GET /shares", user);
  expect(body).toMatchObject({ count: 1, shares: [{ share_token: token, session_id: session }] });
  expect((await ask("GET /shares", "mallory")).body["count"]).toBe(0);
  const own = await ask("GET /sessions", user);
  expect(own.body["sessions"]).toMatchObject([{ share_token: token }]);
  const all = await ask(`GET /admin/sessions?user_id=${user}`, "admin:bob");
  expect(all.body["sessions"]).toMatchObject([{ share_token: token }]);
});

test("what is stored of a link opens nothing, and no log has it", async () => {
  const { token } = await shared();
  await read(token);
  const path = join(chat.folder.path, "chat.db-wal");
  expect((await readFile(path)).includes(token)).toBe(false);
  expect(JSON.stringify(chat.log.lines)).not.toContain(token);
});

test("guessing is limited by address, and probes are not (T-40)", async () => {
  await using other = await contentChat({
    rates: { ...UNLIMITED, public: { points: 2, perMs: 60_000 } },
  });
  const guess = () => other.ask(`GET /shared/${"1".repeat(32)}`, undefined);
  expect([(await guess()).status, (await guess()).status]).toEqual([404, 404]);
  const refused = await guess();
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
  expect((await other.ask("GET /healthz", undefined)).status).toBe(200);
});
