import { expect, test } from "vitest";
import { runningChat, tokenOf } from "./_running-chat.ts";
import { connect } from "node:net";

test("a download that is given up before it begins breaks nothing", async () => {
  await using running = await runningChat();
  const at = `http://127.0.0.1:${running.chat.port}`;
  const form = new FormData();
  form.set("file", new File(["x".repeat(200_000)], "a.txt", { type: "text/plain" }));
  const headers = { authorization: `Bearer ${tokenOf("alice")}` };
  const answer = await fetch(`${at}/chat/upload`, { method: "POST", headers, body: form });
  const { file_url } = (await answer.json()) as { file_url: string };
  for (let i = 0; i < 200; i++) {
    const socket = connect(running.chat.port, "127.0.0.1");
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    socket.write(`GET ${file_url} HTTP/1.1\r\nhost: a\r\n\r\n`);
    for (let turn = 0; turn < i % 12; turn++) await new Promise((resolve) => setImmediate(resolve));
    socket.resetAndDestroy();
  }
  expect((await fetch(at + file_url)).status).toBe(200);
});
