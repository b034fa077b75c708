import { once } from "node:events";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { runningChat, tokenOf } from "./_running-chat.ts";

test("a download that is given up before it begins breaks nothing", async () => {
  await using running = await runningChat();
  const at = `http://127.0.0.1:${running.chat.port}`;
  const form = new FormData();
  form.set("file", new File(["x".repeat(200_000)], "a.txt", { type: "text/plain" }));
  const headers = { authorization: `Bearer ${tokenOf("alice")}` };
  const answer = await fetch(`${at}/chat/upload`, { method: "POST", headers, body: form });
  const { file_url } = (await answer.json()) as { file_url: string };
  // At every moment of it: before the file is opened, while it is, and after.
  for (let i = 0; i < 200; i++) {
    const socket = connect(running.chat.port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(`GET ${file_url} HTTP/1.1\r\nhost: a\r\n\r\n`);
    for (let turns = i % 12; turns > 0; turns--) await turn();
    socket.resetAndDestroy();
  }
  expect((await fetch(at + file_url)).status).toBe(200);
});
