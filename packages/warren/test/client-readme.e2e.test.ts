// The example of the client's README, as it stands there, against a chat.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ChatService, chatToken } from "./_kit/chat-service.ts";

const readme = readFileSync(new URL("../../client/README.md", import.meta.url), "utf8");
const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];

test("the README's example talks to the chat, and ends", async () => {
  await using service = await ChatService.start();
  // In the workspace, where its import is found.
  const file = fileURLToPath(new URL(`./_readme-${process.pid}.ts`, import.meta.url));
  await using _ = { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
  await writeFile(file, example);
  const child = spawn(process.execPath, [file], {
    env: {
      CHAT_URL: `ws://127.0.0.1:${service.port}/chat/ws`,
      CHAT_TOKEN: chatToken("you"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [said, problems] = ["", ""];
  child.stdout.on("data", (text) => (said += String(text)));
  child.stderr.on("data", (text) => (problems += String(text)));
  const [code] = (await once(child, "close")) as [number];
  expect([code, problems]).toEqual([0, ""]);
  expect(said).toMatch(/^connecting\nopen\n/);
  expect(said).toMatch(/\.\.\. \d+ characters/);
  expect(said).toMatch(/user: Hello. Who are you\?\nai: \S/);
});
