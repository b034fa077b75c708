import { expect, test } from "vitest";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";

test("a session that is not there keeps no other from being resumed, and is named", async () => {
  await using running = await runningChat();
  const { port } = running.chat;
  using other = await Client.open(port, tokenOf("bob"));
  other.send({ type: "user_message", content: "hello", client_message_id: "1" });
  const { session_id: others } = await other.next("message_ack");

  using client = await Client.open(port, tokenOf("alice"));
  client.send({ type: "user_message", content: "hello", client_message_id: "1" });
  const { session_id: own } = await client.next("message_ack");
  client.send({ type: "resume", sessions: [{ session_id: others }, { session_id: own }] });
  const error = await client.next("error", ({ session_id }) => session_id === others);
  expect(error.error.code).toBe("UNAUTHORIZED");
  const { sessions } = await client.next("resumed");
  expect(sessions).toMatchObject([{ session_id: own, mode: "delta" }]);
  expect(sessions[0]).not.toHaveProperty("asked");
});

test("a name that a client made up leads to its session, and the answer says which name it was", async () => {
  await using running = await runningChat();
  using client = await Client.open(running.chat.port, tokenOf("alice"));
  const first = { type: "user_message", content: "hello", client_message_id: "1" };
  client.send({ ...first, session_id: "made-up" });
  const { session_id: own } = await client.next("message_ack");
  expect(own).not.toBe("made-up");
  client.send({ type: "resume", sessions: [{ session_id: "made-up" }] });
  const { sessions } = await client.next("resumed");
  expect(sessions).toMatchObject([{ session_id: own, asked: "made-up" }]);
});
