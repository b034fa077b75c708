// `warren chat` as an operator runs it, with its conversations in MongoDB.
import { mongoDatabase } from "@warren/chat/testing";
import { createChat, memoryStorage, type ChatClient, type ChatSession } from "@warren/client";
import { service } from "@warren/host/testing";
import { afterEach, describe, expect, test } from "vitest";
import { house, type Cli } from "./_cli.ts";

const MONGO_URI = service("MONGO_URI");
const CHAT = ["chat", "--dev", "--port", "0", "--data", "d"];

const clients: ChatClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function portOf(cli: Cli): Promise<number> {
  const [, port] = await cli.says(/chat on http:\/\/127\.0\.0\.1:(\d+)\/chat/);
  return Number(port);
}

/** A session of a device that has nothing but its token. */
function sessionAt(port: number, token: string): ChatSession {
  const client = createChat({
    url: `ws://127.0.0.1:${port}/chat/ws`,
    token: async () => token,
    storage: memoryStorage(),
    platform: { random: () => Math.random() / 100 },
  });
  clients.push(client);
  client.connect();
  return client.session();
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

const spoken = (session: ChatSession) =>
  session.messages.filter(({ isMine }) => isMine).map(({ content }) => content);

async function tokenIn(home: ReturnType<typeof house>): Promise<string> {
  return (await home.run(["chat", "token", "--user", "alice", "--data", "d"])).stdout.trim();
}

describe.skipIf(MONGO_URI === undefined)("warren chat with MONGO_URI", () => {
  test("is killed right after it acknowledged a message, and another has all that was said", async () => {
    await using database = mongoDatabase(MONGO_URI!);
    using home = house();
    const env = { MONGO_URI: database.uri };
    const said: string[] = [];
    let token = "";
    for (let round = 0; round < 3; round += 1) {
      await using cli = home.start(CHAT, env);
      const port = await portOf(cli);
      token ||= await tokenIn(home);
      const session = sessionAt(port, token);
      await until(session, () => spoken(session).length === said.length);
      expect(spoken(session)).toEqual(said);
      said.push(`message ${round}`);
      const { key } = session.send(said.at(-1)!);
      const isAcknowledged = () =>
        session.messages.some((one) => one.key === key && one.id !== undefined);
      await until(session, isAcknowledged);
      cli.signal("SIGKILL");
      expect((await cli.ended()).stderr).not.toContain('"level":"error"');
    }
  }, 120_000);

  test("does not start with an address that cannot be one, and does not repeat it", async () => {
    using home = house();
    for (const uri of ["postgres://u:hunter2@db/chat", "mongodb://u:hunter2@db/?bogus=1"]) {
      const { code, stdout, stderr } = await home.run(CHAT, { MONGO_URI: uri });
      expect([code, stderr]).toEqual([2, expect.stringContaining("MONGO_URI")]);
      expect(stdout + stderr).not.toContain("hunter2");
    }
  }, 60_000);
});
