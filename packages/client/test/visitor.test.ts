// A visitor of a device, and the user who they turn out to be. The service is the test.
import { virtualClock } from "@warren/host/testing";
import { IDBFactory } from "fake-indexeddb";
import { describe, expect, test } from "vitest";
import { createChat, type ChatClient, type ChatSession } from "../src/index.ts";
import { deviceStore } from "../src/visitor/device-store.ts";
import { entry, FakeSockets } from "./_kit.ts";

const GUEST = "guest:g1";
const tokenOf = (user: string) => `h.${btoa(JSON.stringify({ sub: user }))}.s`;
const MERGED = { from: "theirs", session_id: "users" };

/** A browser, and a service over HTTP that answers as `answers` says: at first that all is merged. */
function device() {
  const clock = virtualClock();
  const sockets = new FakeSockets();
  const kept = new Map<string, string>();
  const asked: { path: string; token: string | undefined; body: unknown }[] = [];
  const merged = { user_id: "alice", sessions: [MERGED] };
  const answers = { merge: () => Response.json(merged), guests: 0 };
  const wallClock = () => 1_767_225_600_000 + clock.now();
  const platform = {
    clock,
    wallClock,
    random: () => 0.5,
    openSocket: sockets.open,
    wakes: () => () => undefined,
    databases: new IDBFactory() as never,
    device: deviceStore({
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    }),
    fetch: (async (url: string, init: RequestInit) => {
      const { authorization } = (init.headers ?? {}) as Record<string, string>;
      const path = new URL(url).pathname;
      const body: unknown = init.body === undefined ? undefined : JSON.parse(init.body as string);
      asked.push({ path, token: authorization?.replace("Bearer ", ""), body });
      if (path === "/chat/guest/merge") return answers.merge();
      const token = `token of guest ${++answers.guests}`;
      return Response.json({ token, expires_at: new Date(wallClock() + 1e9).toISOString() });
    }) as typeof fetch,
  };
  const url = "https://chat.example/chat/ws";
  const open = (user: string | undefined) =>
    createChat({ url, token: user === undefined ? "guest" : async () => tokenOf(user), platform });
  const merges = () => asked.filter(({ path }) => path === "/chat/guest/merge");
  /** Connects, and answers as the service does to one who has that session. */
  const connected = async (
    client: ChatClient,
    userId: string,
    [sessionId, entries = []]: [string, object[]?],
  ) => {
    const before = sockets.opened.length;
    client.connect();
    await expect.poll(() => sockets.opened.length).toBe(before + 1);
    sockets.last.greet({ userId, sessionId });
    await resumed(sockets, sessionId, entries);
  };
  return { clock, sockets, kept, answers, merges, open, connected };
}

/** The next resume of that session is answered: nothing is there that the client lacks. */
async function resumed(
  sockets: FakeSockets,
  sessionId: string,
  entries: object[] = [],
): Promise<void> {
  const isAsked = () =>
    sockets.last.said.some(({ type, session_id }) => type === "resume" && session_id === sessionId);
  await expect.poll(isAsked).toBe(true);
  const state = { session_id: sessionId, mode: "delta", entries, versions: {}, runs: [] };
  sockets.last.hear({ type: "resumed", sessions: [state] });
}

const texts = (session: ChatSession) => session.messages.map(({ content }) => content);
const spoken = ({ last }: FakeSockets) => last.said.filter(({ type }) => type === "user_message");
type Device = ReturnType<typeof device>;

/** A visitor who was heard once, and says more without a connection. */
async function visited({ open, connected, sockets }: Device, unsent: readonly string[] = []) {
  const client = open(undefined);
  const session = client.session();
  await connected(client, GUEST, [MERGED.from]);
  const { key } = session.send("heard");
  const said = entry("message", { number: 1, client_message_id: key, author_id: GUEST });
  sockets.last.hear({ type: "entry", session_id: MERGED.from, entry: said });
  sockets.last.listener.closed(1_006, "");
  const keys = unsent.map((text) => session.send(text).key);
  await client.close();
  return keys;
}

describe("a visitor who signs in", () => {
  test("is the user on the service before the user is connected, and goes on where they were", async () => {
    const here = device();
    await visited(here);
    const client = here.open("alice");
    const session = client.session();
    await here.connected(client, "alice", ["users"]);
    expect(here.merges()).toEqual([
      {
        path: "/chat/guest/merge",
        token: tokenOf("alice"),
        body: { guest_token: "token of guest 1" },
      },
    ]);
    expect(session.id).toBe("users");
    await expect.poll(() => here.kept.size).toBe(0);
  });

  test("has said what was not sent, in its order, once, under its ids, and in their own name", async () => {
    const here = device();
    const keys = await visited(here, ["one", "two"]);
    const client = here.open("alice");
    const session = client.session();
    await here.connected(client, "alice", ["users"]);
    await expect.poll(() => texts(session)).toEqual(["one", "two"]);
    await expect.poll(() => spoken(here.sockets).length).toBe(1);
    for (const [at, client_message_id] of keys.entries()) {
      expect(spoken(here.sockets)[at]).toMatchObject({ session_id: "users", client_message_id });
      const where = { message_id: `m${at}`, origin: "home:1", number: at + 1, hlc: 1_024 };
      const ack = { type: "message_ack", session_id: "users", client_message_id, status: "sent" };
      here.sockets.last.hear({ ...ack, ...where });
    }
    expect(spoken(here.sockets)).toHaveLength(2);
  });

  test("says what was not sent also where the user is in a session of their own", async () => {
    const here = device();
    await visited(here, ["one"]);
    const client = here.open("alice");
    const session = client.session();
    await here.connected(client, "alice", ["own", [entry("message", { number: 1 })]]);
    await resumed(here.sockets, "users");
    await expect.poll(() => spoken(here.sockets)).toMatchObject([{ session_id: "users" }]);
    expect([session.id, texts(session)]).toEqual(["own", ["text 1"]]);
  });

  test("before anybody has answered them is asked for nowhere, and has said it all the same", async () => {
    const here = device();
    const visitor = here.open(undefined);
    visitor.session().send("hello?");
    await visitor.close();
    const client = here.open("alice");
    const session = client.session();
    await here.connected(client, "alice", ["fresh"]);
    expect(here.merges()).toEqual([]);
    await expect
      .poll(() => here.sockets.last.said.filter(({ type }) => type === "resume").length)
      .toBeGreaterThan(1);
    await expect.poll(() => texts(session)).toEqual(["hello?"]);
    const asked = here.sockets.last.said.findLast(({ type }) => type === "resume")!;
    here.sockets.last.hear({
      type: "error",
      session_id: asked["session_id"],
      error: { code: "NOT_FOUND", message: "", recoverable: true },
    });
    await expect.poll(() => spoken(here.sockets)).toMatchObject([{ content: "hello?" }]);
  });

  test("is let in although the service cannot do it now, and goes on where they were once it can", async () => {
    const here = device();
    await visited(here, ["one"]);
    const { merge } = here.answers;
    here.answers.merge = () => new Response("", { status: 503 });
    const client = here.open("alice");
    const session = client.session();
    await here.connected(client, "alice", ["fresh"]);
    expect([session.id, here.merges().length]).toEqual(["fresh", 1]);
    here.clock.advance(250);
    await expect.poll(() => here.merges().length).toBe(2);
    here.answers.merge = merge;
    await expect.poll(() => (here.clock.advance(250), session.id)).toBe("users");
    await resumed(here.sockets, "users");
    await expect.poll(() => spoken(here.sockets)).toMatchObject([{ content: "one" }]);
    const count = here.merges().length;
    here.clock.advance(60_000);
    expect(here.merges()).toHaveLength(count);
  });

  test.each([
    { name: "refuses visitors", answer: () => new Response("{}", { status: 403 }) },
    { name: "knows them no more", answer: () => new Response("{}", { status: 400 }) },
  ])("where the service $name loses nothing that was not sent", async ({ answer }) => {
    const here = device();
    await visited(here, ["one"]);
    here.answers.merge = answer;
    const client = here.open("alice");
    client.session();
    await here.connected(client, "alice", ["own"]);
    await resumed(here.sockets, MERGED.from);
    await expect.poll(() => spoken(here.sockets)).toMatchObject([{ content: "one" }]);
    await expect.poll(() => here.kept.size).toBe(0);
  });

  test("in two tabs at once is one user, who says it under the same id in both", async () => {
    const here = device();
    const [key] = await visited(here, ["one"]);
    const tabs = [here.open("alice"), here.open("alice")];
    for (const tab of tabs) tab.session();
    for (const tab of tabs) tab.connect();
    await expect.poll(() => here.sockets.opened.length).toBe(3);
    for (const socket of here.sockets.opened.slice(1)) {
      socket.greet({ userId: "alice", sessionId: "users" });
      await expect.poll(() => socket.types()).toContain("resume");
      const state = { session_id: "users", mode: "delta", entries: [], versions: {}, runs: [] };
      socket.hear({ type: "resumed", sessions: [state] });
    }
    const said = () =>
      here.sockets.opened.slice(1).flatMap((one) => one.said.filter((of) => "content" in of));
    await expect.poll(() => said().length).toBeGreaterThan(0);
    expect(new Set(said().map((one) => one["client_message_id"]))).toEqual(new Set([key]));
    await expect.poll(() => here.kept.size).toBe(0);
  });

  test("and is not merged before the page is loaded again is merged then, into that user alone", async () => {
    const here = device();
    await visited(here, ["one"]);
    const { merge } = here.answers;
    here.answers.merge = () => new Response("", { status: 503 });
    const first = here.open("alice");
    first.session();
    await here.connected(first, "alice", ["fresh"]);
    await first.close();
    here.answers.merge = merge;
    const bob = here.open("bob");
    const theirs = bob.session();
    await here.connected(bob, "bob", ["bobs"]);
    expect([here.merges().length, texts(theirs)]).toEqual([1, []]);
    await bob.close();
    const client = here.open("alice");
    const session = client.session();
    await here.connected(client, "alice", ["users"]);
    await expect.poll(() => texts(session)).toEqual(["one"]);
    expect(here.merges().at(-1)).toMatchObject({ token: tokenOf("alice") });
  });

  test("leaves nothing to the next visitor, also while it is not done", async () => {
    const here = device();
    await visited(here, ["one"]);
    here.answers.merge = () => new Response("", { status: 503 });
    const user = here.open("alice");
    user.session();
    await here.connected(user, "alice", ["fresh"]);
    await user.close();
    const next = here.open(undefined);
    const session = next.session();
    await here.connected(next, "guest:g2", ["new"]);
    await session.loaded();
    expect([session.id, texts(session)]).toEqual(["new", []]);
    expect(here.answers.guests).toBe(2);
  });
});

test("a page that asks for a visitor's tokens by itself is that visitor still", async () => {
  const here = device();
  await visited(here);
  const client = here.open(undefined);
  client.session();
  await here.connected(client, GUEST, [MERGED.from]);
  expect(here.merges()).toEqual([]);
  expect(here.answers.guests).toBe(1);
});
