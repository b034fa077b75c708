// The chat's client against the chat itself, over lines that break.
import {
  createChat,
  memoryStorage,
  type ChatClient,
  type ChatSession,
  type CreateChatOptions,
} from "@warren/client";
import { EventEmitter as Emitter } from "node:events";
import { IDBFactory } from "fake-indexeddb";
import { startFaultProxy } from "@warren/host/testing";
import { afterEach, describe, expect, test } from "vitest";
import { ChatService, chatToken } from "./_kit/chat-service.ts";
import { spoken, until } from "./_kit/chat-session.ts";

const clients: ChatClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

type Given = Pick<CreateChatOptions, "storage" | "platform">;

function clientOf(port: number, userId: string, given: Given = {}): ChatClient {
  const url = `ws://127.0.0.1:${port}/chat/ws`;
  const { storage = memoryStorage() } = given;
  // Waits are a hundredth of what people would wait.
  const platform = { random: () => Math.random() / 100, ...given.platform };
  const client = createChat({ url, token: async () => chatToken(userId), storage, platform });
  clients.push(client);
  return client;
}

const texts = (session: ChatSession) => session.messages.map(({ content }) => content);
const isAllSent = (session: ChatSession, count: number) =>
  session.messages.filter(({ isMine, id }) => isMine && id !== undefined).length === count;
const answerOf = (session: ChatSession) =>
  session.messages.find(({ answer }) => answer?.status === "complete");

describe("a client", () => {
  test("shows what it sends at once, and then that it was stored and answered", async () => {
    await using service = await ChatService.start();
    const client = clientOf(service.port, "alice");
    const session = client.session();
    const message = session.send("Hello there. How are you?");
    expect(message).toMatchObject({ state: "queued", isMine: true, id: undefined });
    expect(texts(session)).toEqual(["Hello there. How are you?"]);
    client.connect();
    await until(session, () => answerOf(session) !== undefined);
    expect(session.id).toMatch(/^[0-9a-f]{32}$/);
    expect(session.messages).toMatchObject([
      { key: message.key, state: "sent" },
      { sender: "ai", replyTo: session.messages[0]!.id },
    ]);
    expect([session.name, session.answers, session.unread]).toEqual(["Hello there.", [], 1]);
    session.markRead();
    expect(session.unread).toBe(0);
  });

  test("shows what was kept at once after a reload, and gets what it missed", async () => {
    await using service = await ChatService.start();
    const storage = memoryStorage();
    const before = clientOf(service.port, "alice", { storage });
    before.connect();
    const first = before.session();
    first.send("one");
    await until(first, () => answerOf(first) !== undefined);
    await before.close();

    const other = clientOf(service.port, "alice");
    other.connect();
    const elsewhere = other.session();
    elsewhere.send("two");
    await until(elsewhere, () => elsewhere.messages.filter(({ answer }) => answer).length === 2);

    const after = clientOf(service.port, "alice", { storage });
    const session = after.session();
    await session.loaded();
    expect([session.id, session.state, texts(session)]).toEqual([
      first.id,
      "offline",
      texts(first),
    ]);
    after.connect();
    await until(session, () => session.messages.length === 4);
    expect(texts(session)).toEqual(texts(elsewhere));
  });

  test("sends what was said offline, in its order, also after a reload", async () => {
    await using service = await ChatService.start();
    await using proxy = await startFaultProxy({ target: { port: service.port } });
    proxy.refuse();
    const storage = memoryStorage();
    const before = clientOf(proxy.port, "alice", { storage });
    before.connect();
    const offline = before.session();
    for (const text of ["one", "two", "three"]) offline.send(text);
    await proxy.until(({ refused }) => refused >= 2);
    expect(offline.messages.map(({ state }) => state)).toEqual(["queued", "queued", "queued"]);
    await before.close();
    proxy.heal();
    const after = clientOf(proxy.port, "alice", { storage });
    after.connect();
    const session = after.session();
    await until(session, () => isAllSent(session, 3));
    expect(spoken(session)).toEqual(["one", "two", "three"]);
  });

  test("takes what a visitor said, sent or not, for the user who signs in, and shows the next visitor nothing", async () => {
    await using service = await ChatService.start();
    await using proxy = await startFaultProxy({ target: { port: service.port } });
    const kept = new Map<string, string>();
    const device = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    // A browser's storage: it is one for all who are here after one another.
    const platform = { databases: new IDBFactory() as never, device, random: () => 0.01 };
    const url = `ws://127.0.0.1:${proxy.port}/chat/ws`;
    const open = (token: CreateChatOptions["token"]) => {
      const client = createChat({ url, token, platform });
      clients.push(client);
      client.connect();
      return { client, session: client.session() };
    };
    const visitor = open("guest");
    visitor.session.send("Hello. Do you ship to Malta?");
    await until(visitor.session, () => answerOf(visitor.session) !== undefined);
    expect(visitor.client.userId).toMatch(/^guest:/);
    proxy.refuse();
    proxy.cut("rst");
    visitor.session.edit(visitor.session.messages[0]!.id!, "Do you ship to Gozo?");
    visitor.session.send("And how fast?");
    await visitor.client.close();

    const alice = open(async () => chatToken("alice"));
    // The service is away: she is alice, and has nothing yet.
    await proxy.until(({ refused }) => refused >= 2);
    expect(texts(alice.session)).toEqual([]);
    proxy.heal();
    await until(
      alice.session,
      () => alice.session.messages.filter(({ answer }) => answer).length === 2,
    );
    expect(alice.session.messages).toMatchObject([
      { content: "Do you ship to Gozo?", isMine: true, authorId: "alice", isEdited: true },
      { sender: "ai" },
      { content: "And how fast?", isMine: true, authorId: "alice" },
      { sender: "ai" },
    ]);
    await alice.client.close();

    const next = open("guest");
    await until(next.session, () => next.session.state === "live");
    expect(next.client.userId).not.toBe(visitor.client.userId);
    expect(texts(next.session)).toEqual([]);
  });

  test("brings a change to every device of the user", async () => {
    await using service = await ChatService.start();
    const [a, b] = [clientOf(service.port, "alice"), clientOf(service.port, "alice")];
    a.connect();
    const here = a.session();
    here.send("helo");
    await until(here, () => isAllSent(here, 1));
    b.connect();
    const there = b.session();
    await until(there, () => spoken(there).length === 1);
    const id = here.messages[0]!.id!;
    here.edit(id, "hello");
    here.react(id, "+1");
    expect(here.messages[0]).toMatchObject({ content: "hello", isEdited: true });
    await until(
      there,
      () => there.messages[0]!.isEdited && there.messages[0]!.reactions.size === 1,
    );
    expect(there.messages[0]).toMatchObject({ content: "hello", isMine: true });
    there.delete(id);
    await until(here, () => here.messages[0]!.isDeleted);
    expect(here.messages[0]).toMatchObject({ content: "", isDeleted: true });
  });
});

describe("several tabs", () => {
  const tabs = {
    locks: navigator.locks,
    openChannel: (name: string) => new BroadcastChannel(name),
  };

  test("share one connection, which goes on in another when its tab is closed", async () => {
    await using service = await ChatService.start();
    await using proxy = await startFaultProxy({ target: { port: service.port } });
    const storage = memoryStorage();
    const given = { storage, platform: { tabs } };
    const [first, second] = [0, 1].map(() => clientOf(proxy.port, "alice", given));
    first!.connect();
    const one = first!.session();
    one.send("from the first");
    await until(one, () => isAllSent(one, 1));
    second!.connect();
    const two = second!.session();
    two.send("from the second");
    await until(two, () => isAllSent(two, 2));
    await until(one, () => isAllSent(one, 2));
    expect([spoken(one), proxy.counts.connected]).toEqual([spoken(two), 1]);
    await first!.close();
    two.send("after the first");
    await until(two, () => isAllSent(two, 3));
    expect(spoken(two)).toEqual(["from the first", "from the second", "after the first"]);
    expect(proxy.counts.connected).toBe(2);
  });
});

describe("over lines that break", () => {
  test("500 messages of two devices are there once and in order on both", async () => {
    await using service = await ChatService.start();
    await using proxy = await startFaultProxy({ target: { port: service.port } });
    const sessions = [0, 1].map((device) => {
      const client = clientOf(proxy.port, "alice");
      const session = client.session();
      // Before the session exists: both begin one, and find that it is the same.
      for (let i = 0; i < 250; i++) session.send(`${device}:${i}`);
      client.connect();
      return session;
    });
    const [a, b] = sessions as [ChatSession, ChatSession];
    let cuts = 0;
    let next = 10;
    a.on("change", () => {
      const sent = a.messages.filter(({ isMine, id }) => isMine && id !== undefined).length;
      if (sent < next || sent > 480) return;
      next = sent + 5 + Math.floor(Math.random() * 30);
      cuts += 1;
      if (cuts % 3 === 0) void proxy.cutMidFrame(Math.floor(Math.random() * 100));
      else proxy.cut(cuts % 3 === 1 ? "rst" : "fin");
    });
    await Promise.all(sessions.map((session) => until(session, () => isAllSent(session, 500))));
    proxy.heal();
    expect(cuts).toBeGreaterThan(10);
    expect(a.id).toBe(b.id);
    expect(spoken(a)).toEqual(spoken(b));
    for (const device of ["0", "1"]) {
      const own = spoken(a).filter((text) => text.startsWith(`${device}:`));
      expect(own).toEqual(Array.from({ length: 250 }, (_, i) => `${device}:${i}`));
    }

    // And a third device gets the newest, and the others when it asks.
    const client = clientOf(service.port, "alice");
    client.connect();
    const third = client.session(a.id);
    await until(third, () => third.state === "live");
    expect(third.hasOlder).toBe(true);
    while (third.hasOlder) expect(await third.older(100)).toBe(true);
    expect(spoken(third)).toEqual(spoken(a));
  }, 120_000);

  test("an answer that is cut off in its middle, again and again, is the same in the end", async () => {
    await using service = await ChatService.start();
    await using proxy = await startFaultProxy({ target: { port: service.port } });
    const [cut, whole] = [clientOf(proxy.port, "alice"), clientOf(service.port, "alice")];
    cut.connect();
    const session = cut.session();
    const seen: string[] = [];
    let length = 0;
    session.on("answer", ({ text }) => {
      seen.push(text);
      if (text.length < length + 20) return;
      length = text.length;
      proxy.cut("rst");
    });
    session.send("Tell me everything that you know about rabbits and their warrens, please.");
    await until(session, () => isAllSent(session, 1));
    whole.connect();
    const witness = whole.session(session.id);
    await until(session, () => answerOf(session) !== undefined);
    await until(witness, () => answerOf(witness) !== undefined);
    const { content } = answerOf(session)!;
    expect(proxy.counts.cut).toBeGreaterThan(1);
    expect(content).toBe(answerOf(witness)!.content);
    expect(seen.filter((text) => !content.startsWith(text))).toEqual([]);
    expect(session.answers).toEqual([]);
  }, 60_000);

  test("a line on which nothing comes any more is noticed when the page is looked at", async () => {
    await using service = await ChatService.start();
    await using proxy = await startFaultProxy({ target: { port: service.port } });
    const woken = new Emitter();
    const wakes = (wake: () => void) => {
      woken.on("wake", wake);
      return () => void woken.off("wake", wake);
    };
    const client = clientOf(proxy.port, "alice", { platform: { wakes } });
    client.connect();
    const session = client.session();
    session.send("one");
    await until(session, () => isAllSent(session, 1));
    proxy.blackHole({ newcomers: "pass" });
    session.send("two");
    woken.emit("wake");
    await until(session, () => isAllSent(session, 2));
    expect(spoken(session)).toEqual(["one", "two"]);
  });

  test("a service that goes away says so, and is looked for again", async () => {
    await using service = await ChatService.start();
    const client = clientOf(service.port, "alice");
    client.connect();
    const session = client.session();
    session.send("one");
    await until(session, () => answerOf(session) !== undefined);
    const isWaiting = new Promise<void>((resolve) => {
      client.on("connection", ({ name }) => name === "waiting" && resolve());
    });
    await service.drain();
    await isWaiting;
    expect(session.state).toBe("offline");
  });
});
