import { expect, test } from "vitest";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";

const user = tokenOf("alice");

test("an old client talks to the demo model and reads it again over HTTP", async () => {
  await using running = await runningChat();
  const { port } = running.chat;
  using client = await Client.open(port, user);
  const hello = await client.next("connection_status");
  expect(hello).toMatchObject({ user_id: "alice", sender: "system", models: [{ id: "demo" }] });
  client.send({
    type: "user_message",
    session_id: "made-up",
    content: "Hello there. How are you?",
  });
  const ack = await client.next("message_ack");
  expect(ack).toMatchObject({ number: 2, status: "sent" });
  await client.next("loading");
  const done = await client.next("ai_response", ({ metadata }) => metadata?.["done"] === "true");
  const text = client.heard
    .filter((frame) => frame.type === "ai_response")
    .map((frame) => frame.content ?? "")
    .join("");
  const headers = { authorization: `Bearer ${user}` };
  const at = `http://127.0.0.1:${port}/chat/sessions`;
  const list = (await (await fetch(at, { headers })).json()) as { sessions: object[] };
  expect(list.sessions).toHaveLength(1);
  expect(list.sessions[0]).toMatchObject({
    id: done.session_id,
    name: "Hello there.",
    message_count: 2,
    is_active: true,
  });
  const session = await (await fetch(`${at}/${done.session_id}`, { headers })).json();
  expect(session).toMatchObject({
    session_id: done.session_id,
    messages: [
      { sender: "user", content: "Hello there. How are you?", type: "text" },
      { sender: "ai", content: text, status: "complete" },
    ],
  });
});
