// `warren chat` as an operator runs it, with its conversations in MongoDB.
import { mongoDatabase } from "@warren/chat/testing";
import { createChat, memoryStorage, type ChatClient, type ChatSession } from "@warren/client";
import { freePort, service } from "@warren/host/testing";
import { writeFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { house, type Cli } from "./_cli.ts";
import { spoken, until } from "./_kit/chat-session.ts";

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
  }, 180_000);
});

describe("warren chat with an address of MongoDB", () => {
  test("does not start where it cannot be one, and does not repeat it", async () => {
    using home = house();
    for (const uri of ["postgres://u:hunter2@db/chat", "mongodb://u:hunter2@db/?bogus=1"]) {
      const { code, stdout, stderr } = await home.run(CHAT, { MONGO_URI: uri });
      expect([code, stderr]).toEqual([2, expect.stringContaining("MONGO_URI")]);
      expect(stdout + stderr).not.toContain("hunter2");
    }
  }, 180_000);

  test("never says its password, also where nobody answers there", async () => {
    using home = house();
    const uri = `mongodb://u:hunter2@127.0.0.1:${await freePort()}/`;
    await writeFile(home.at("uri"), uri);
    await using cli = home.start([...CHAT, "--mongo-uri-file", "uri", "--log-level", "debug"]);
    const port = await portOf(cli);
    const headers = { authorization: `Bearer ${await tokenIn(home)}` };
    const asked = await fetch(`http://127.0.0.1:${port}/chat/sessions`, { headers });
    expect(asked.status).toBe(503);
    await cli.says(/a request failed/);
    const ready = await fetch(`http://127.0.0.1:${port}/chat/readyz`);
    const all = (await asked.text()) + (await ready.text()) + cli.stdout + cli.stderr;
    expect(all).toContain("127.0.0.1");
    expect(all).not.toContain("hunter2");
  }, 180_000);
});
