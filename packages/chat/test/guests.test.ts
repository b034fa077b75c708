// Visitors: a token per device, from the service itself.
import { describe, expect, test } from "vitest";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";

interface Guest {
  token: string;
  user_id: string;
  expires_at: string;
}

async function ask(port: number, token?: string) {
  return fetch(`http://127.0.0.1:${port}/chat/guest`, {
    method: "POST",
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
}
const guestOf = async (port: number, token?: string) =>
  (await (await ask(port, token)).json()) as Guest;

describe("a visitor", () => {
  test("gets a token, talks with it, and is the same one with a fresh one", async () => {
    await using running = await runningChat();
    const { port } = running.chat;
    const guest = await guestOf(port);
    expect(guest.user_id).toMatch(/^guest:/);
    expect(Date.parse(guest.expires_at)).toBeGreaterThan(Date.now());
    using client = await Client.open(port, guest.token);
    client.send({ type: "user_message", client_message_id: "1", content: "hello" });
    const { session_id } = await client.next("message_ack");
    const again = await guestOf(port, guest.token);
    expect(again.user_id).toBe(guest.user_id);
    const answer = await fetch(`http://127.0.0.1:${port}/chat/sessions/${session_id}`, {
      headers: { authorization: `Bearer ${again.token}` },
    });
    expect(answer.status).toBe(200);
  });

  test("is another one each time, and sees nothing of the others", async () => {
    await using running = await runningChat();
    const { port } = running.chat;
    const [one, other] = [await guestOf(port), await guestOf(port)];
    expect(one.user_id).not.toBe(other.user_id);
    using client = await Client.open(port, one.token);
    client.send({ type: "user_message", client_message_id: "1", content: "hello" });
    const { session_id } = await client.next("message_ack");
    const answer = await fetch(`http://127.0.0.1:${port}/chat/sessions/${session_id}`, {
      headers: { authorization: `Bearer ${other.token}` },
    });
    expect([401, 404]).toContain(answer.status);
  });

  test("is not made of a user's token", async () => {
    await using running = await runningChat();
    const answer = await ask(running.chat.port, tokenOf("alice"));
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ code: "INVALID_TOKEN" });
  });

  test("is bounded by address", async () => {
    await using running = await runningChat();
    const { port } = running.chat;
    const asked = await Promise.all(Array.from({ length: 61 }, () => ask(port)));
    const statuses = asked.map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect(asked.find(({ status }) => status === 429)!.headers.get("retry-after")).not.toBeNull();
  });

  test("is not let in where the chat takes none", async () => {
    await using open = await runningChat();
    const { token } = await guestOf(open.chat.port);
    await using running = await runningChat({ guests: undefined });
    const { port } = running.chat;
    expect((await ask(port)).status).toBe(403);
    await expect(Client.open(port, token)).rejects.toThrow("401");
  });
});
