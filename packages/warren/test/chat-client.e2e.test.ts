// The chat's client against the chat itself, over lines that break.
import { createChat, memoryStorage, type ChatClient, type ChatSession } from "@warren/client";
import { afterEach, describe, expect, test } from "vitest";
import { ChatService, chatToken } from "./_kit/chat-service.ts";

const clients: ChatClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function clientOf(port: number, userId: string, storage = memoryStorage()): ChatClient {
  const url = `ws://127.0.0.1:${port}/chat/ws`;
  // Waits are a tenth of what people would wait.
  const platform = { random: () => Math.random() / 10 };
  const client = createChat({ url, token: async () => chatToken(userId), storage, platform });
  clients.push(client);
  return client;
}

/** Resolves when the session is as wanted; looks at each change. */
function until(session: ChatSession, wanted: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!wanted()) return;
      off();
      resolve();
    };
    const off = session.on("change", look);
    look();
  });
}

const texts = (session: ChatSession) => session.messages.map(({ content }) => content);
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
});
