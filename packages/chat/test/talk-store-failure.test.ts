import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { openSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { forgetCompiled, Member } from "./_members.ts";
import { Client, temporaryFolder, tokenOf } from "./_running-chat.ts";
import { device, wholeLog } from "./_talk-kit.ts";

const token = tokenOf("alice");

afterAll(forgetCompiled);
const LARGE = Object.fromEntries(
  Array.from({ length: 30 }, (_, at) => [`m${at}`, "x".repeat(1_000)]),
);

test.skipIf(process.platform === "win32")(
  "on a full disk sends are refused as what may come again, and nothing is lost or pretended",
  { timeout: 60_000 },
  async () => {
    await using folder = await temporaryFolder();
    const full = new Member(1_048_576);
    const port = await full.start(folder.path);
    const client = await Client.open(port, token);
    const acked: string[] = [];
    let refused: string | undefined;
    let session_id = "";
    for (let at = 0; refused === undefined; at++) {
      const client_message_id = `f-${at}`;
      const from = client.heard.length;
      client.send({ type: "user_message", content: "x", client_message_id, metadata: LARGE });
      const isAbout = (one: { client_message_id?: string | undefined }) =>
        one.client_message_id === client_message_id;
      const ack = client.next("message_ack", isAbout, from);
      const error = client.next("error", isAbout, from);
      const answer = await Promise.race([ack, error]);
      if (answer.type === "message_ack") {
        acked.push(client_message_id);
        ({ session_id } = answer);
      } else {
        expect(answer.error).toMatchObject({ code: "DATABASE_ERROR", recoverable: true });
        expect(answer.error.message).not.toMatch(/sqlite|disk|\//i);
        refused = client_message_id;
      }
    }
    expect(acked.length).toBeGreaterThan(5);
    // Answers are being written meanwhile, and what is new of them can be kept as little.
    const scraped = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    await vi.waitFor(
      async () => expect(await scraped()).toMatch(/^chatbox_checkpoints_failed_total [1-9]/m),
      { timeout: 20_000, interval: 100 },
    );
    await full.end("SIGKILL");

    const roomy = new Member();
    using again = await device(await roomy.start(folder.path), token, "again");
    const entries = await wholeLog(again, session_id);
    const stored = entries
      .filter(({ kind, sender }) => kind === "message" && sender === "user")
      .map(({ client_message_id }) => client_message_id);
    expect(stored).toEqual(acked);
    again.send({
      type: "user_message",
      session_id,
      content: "x",
      client_message_id: refused,
      metadata: LARGE,
    });
    await again.next("message_ack", ({ client_message_id }) => client_message_id === refused);
    await roomy.end("SIGKILL");
  },
);

test("a store that can be written says so, and one that is closed says that too", async () => {
  await using folder = await temporaryFolder();
  const store = await openSqliteStore({
    file: join(folder.path, "chat.db"),
    origin: "home:1",
    wallClock: Date.now,
    lost: () => {},
  });
  await store.check();
  await store[Symbol.asyncDispose]();
  await expect(store.check()).rejects.toMatchObject({ code: "DATABASE_ERROR", retry: true });
});
