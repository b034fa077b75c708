import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { UNLIMITED } from "./_talk-kit.ts";

const opened = new AsyncDisposableStack();
afterAll(() => opened.disposeAsync());
let port: number;
beforeAll(async () => {
  const { chat } = opened.use(await runningChat({ rates: UNLIMITED }));
  ({ port } = chat);
});

interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- each test knows the shape it asks for
  body: any;
}

async function ask(token: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`http://127.0.0.1:${port}/chat${path}`, { ...init, headers });
  return { status: answer.status, body: await answer.json() };
}

/** Begins a session and resolves with its id; `ended`: it is over by then. */
async function begun(userId: string, { ended = false } = {}): Promise<string> {
  using client = await Client.open(port, tokenOf(userId));
  client.send({ type: "user_message", content: "My first words.", client_message_id: userId });
  const { session_id: id } = await client.next("message_ack");
  if (ended) await ask(tokenOf(userId), `/sessions/${id}/end`, { method: "POST" });
  return id;
}

/** Resolves once a list has these: rows follow what was said at a short distance. */
async function listed(userId: string, query: string, ids: readonly string[]): Promise<void> {
  const found = async () => {
    const { body } = await ask(tokenOf(userId), `/sessions${query}`);
    return body.sessions.map(({ id }: { id: string }) => id).toSorted();
  };
  await expect.poll(found).toEqual(ids.toSorted());
}

describe("one's own sessions", () => {
  test("come in pages, and are never another's, whoever is asked for", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push(await begun("ada", { ended: true }));
    await begun("bob");
    await listed("ada", "", ids);
    const first = await ask(tokenOf("ada"), "/sessions?limit=2&user_id=bob");
    expect(first.body).toMatchObject({ count: 2, total: 3, truncated: true, user_id: "ada" });
    const cursor = encodeURIComponent(first.body.next_cursor);
    const second = await ask(tokenOf("ada"), `/sessions?limit=2&cursor=${cursor}`);
    expect(second.body.next_cursor).toBeUndefined();
    const found = [...first.body.sessions, ...second.body.sessions];
    expect(found.map(({ id }: { id: string }) => id).toSorted()).toEqual(ids.toSorted());
  });

  test("can be asked for by what they are", async () => {
    await begun("cleo", { ended: true });
    const going = await begun("cleo");
    await listed("cleo", "?status=active", [going]);
    expect((await ask(tokenOf("cleo"), "/sessions?sort_by=name")).status).toBe(400);
  });
});

const rename = (userId: string, id: string, body: unknown) =>
  ask(tokenOf(userId), `/sessions/${id}`, { method: "PATCH", body: JSON.stringify(body) });

describe("a name", () => {
  test("is what the user calls a session, also for those who look at it", async () => {
    const id = await begun("dora");
    using device = await Client.open(port, tokenOf("dora"));
    device.send({ type: "hello", protocol: 1 });
    device.send({ type: "resume", sessions: [{ session_id: id }] });
    await device.next("resumed");
    expect(await rename("dora", id, { name: "  My trip  " })).toEqual({
      status: 200,
      body: { session_id: id, name: "My trip" },
    });
    await device.next("entry", ({ entry }) => entry.kind === "named" && entry.name === "My trip");
    expect((await ask(tokenOf("dora"), `/sessions/${id}`)).body.name).toBe("My trip");
    await rename("dora", id, { name: "My other trip" });
    expect((await ask(tokenOf("dora"), "/sessions")).body.sessions[0].name).toBe("My other trip");
  });

  test.each([
    { name: "no name", body: {} },
    { name: "an empty one", body: { name: "   " } },
    { name: "one that is no text", body: { name: 7 } },
    { name: "one of two lines", body: { name: "a\nb" } },
    { name: "one that is too long", body: { name: "a".repeat(101) } },
    { name: "one that is not well-formed", body: { name: "\ud800" } },
    {
      name: "one of 100 characters that never end",
      body: { name: `e${"\u0301".repeat(300)}`.repeat(90) },
    },
    { name: "no object", body: null },
  ])("is not $name", async ({ body }) => {
    const id = await begun("erin");
    expect(await rename("erin", id, body)).toMatchObject({
      status: 400,
      body: { code: "BAD_REQUEST" },
    });
  });

  test("of another's session is not told, nor changed", async () => {
    const id = await begun("fay");
    expect((await rename("gus", id, { name: "Mine" })).status).toBe(404);
  });
});

test.each([
  { name: "a user", roles: [], isAdmin: false },
  { name: "an admin", roles: ["admin"], isAdmin: true },
])("$name is told who they are", async ({ roles, isAdmin }) => {
  const { body } = await ask(tokenOf("ida", roles), "/me");
  expect(body).toMatchObject({ user_id: "ida", is_admin: isAdmin, is_guest: false });
  expect(Date.parse(body.expires_at)).toBeGreaterThan(Date.now());
});

const admin = () => tokenOf("root", ["admin"]);

describe("an admin", () => {
  test("gets one session as it is in the list", async () => {
    const id = await begun("kim");
    const { body } = await ask(admin(), `/admin/sessions/${id}`);
    expect(body).toMatchObject({ session_id: id, user_id: "kim", is_active: true });
    expect((await ask(tokenOf("kim"), `/admin/sessions/${id}`)).status).toBe(403);
    expect((await ask(admin(), "/admin/sessions/nothing")).status).toBe(404);
  });

  test("gets figures cut into parts that add up", async () => {
    await begun("lou");
    const { body } = await ask(admin(), "/admin/metrics?points=24");
    expect(body.series).toHaveLength(24);
    const sum = body.series.reduce(
      (all: number, { total_sessions: count }: { total_sessions: number }) => all + count,
      0,
    );
    expect(sum).toBe(body.total_sessions);
    expect(body.series[0].start).toBe(body.time_range.start);
    expect(body.series[23].end).toBe(body.time_range.end);
  });

  test.each(["points=61", "points=-1", "points=many"])("is refused %s", async (query) => {
    expect((await ask(admin(), `/admin/metrics?${query}`)).status).toBe(400);
  });

  test("gets no parts without asking, as before", async () => {
    expect((await ask(admin(), "/admin/metrics")).body.series).toBeUndefined();
  });
});
