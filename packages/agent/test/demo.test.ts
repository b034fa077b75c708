import { createHash } from "node:crypto";
import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { startDemo } from "../src/demo/site.ts";

test("the demo site serves its page and everything that the page asks for", async () => {
  await using site = await startDemo(0);
  const origin = `http://127.0.0.1:${site.port}`;
  const page = await (await fetch(`${origin}/`)).text();
  for (const [, asset] of page.matchAll(/(?:href|src)="(\/[^"]*)"/g)) {
    expect((await fetch(origin + asset)).status, asset).toBe(200);
  }
  expect(page).not.toMatch(/https?:\/\//);
  expect((await fetch(`${origin}/nothing`)).status).toBe(404);
});

test("the clock ticks, the echo echoes, headers come back, and a chunked upload is hashed", async () => {
  await using site = await startDemo(0);
  const origin = `http://127.0.0.1:${site.port}`;

  const clock = (await fetch(`${origin}/clock`)).body!.getReader();
  expect(Buffer.from((await clock.read()).value ?? []).toString()).toMatch(/^data: \d+\n\n$/);
  await clock.cancel();

  const socket = new WebSocket(`ws://127.0.0.1:${site.port}/echo`);
  await once(socket, "open");
  socket.send("are you there");
  const [data] = (await once(socket, "message")) as [Buffer];
  expect(data.toString()).toBe("are you there");

  const { fields } = (await (
    await fetch(`${origin}/headers`, { headers: { "x-a": "1" } })
  ).json()) as {
    fields: string[][];
  };
  expect(fields).toContainEqual(["x-a", "1"]);

  const body = Buffer.alloc(3_000_000, "ab");
  const watched = (await fetch(`${origin}/upload/progress?id=7`)).body!.getReader();
  await watched.read();
  const answer = await fetch(`${origin}/upload?id=7`, { method: "POST", body });
  const sha256 = createHash("sha256").update(body).digest("hex");
  expect(await answer.json()).toMatchObject({ bytes: body.length, sha256 });
  expect(Buffer.from((await watched.read()).value ?? []).toString()).toContain('"bytes":');
});

test("a taken port is an error that names itself", async () => {
  await using site = await startDemo(0);
  await expect(startDemo(site.port)).rejects.toMatchObject({ code: "EADDRINUSE", port: site.port });
});
