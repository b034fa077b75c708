// One socket and more sessions than it follows.
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { runningChat, tokenOf, type Client } from "./_running-chat.ts";
import { device, entriesOf, entry, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const MOST = 100;

/** Begins sessions, one after the other; each is over when the next begins. */
async function begin(client: Client, count: number) {
  const all: { session_id: string; message_id: string }[] = [];
  for (let at = 0; at < count; at++) {
    const asked = randomBytes(16).toString("hex");
    const { session_id, message_id } = await say(client, `text ${at}`, { session_id: asked });
    client.send({ type: "end_session", session_id, client_message_id: `end-${at}` });
    await client.next("message_ack", (ack) => ack.client_message_id === `end-${at}`);
    all.push({ session_id, message_id });
  }
  return all;
}

test("a desk that opens one session more leaves the one it used longest ago, says so, and can go back", async () => {
  await using model = await scriptedModel();
  await using running = await runningChat({ rates: UNLIMITED, providers: [model.provider] });
  const { port } = running.chat;
  using alice = await device(port, tokenOf("alice"), "phone");
  const sessions = await begin(alice, MOST);
  using bob = await device(port, tokenOf("bob"), "phone");
  const held = await say(bob, "is anybody there?");
  using desk = await device(port, tokenOf("carol", ["admin"]), "desk");
  await resume(desk, held.session_id);
  desk.send({ type: "admin_join", session_id: held.session_id });
  await entry(desk, ({ kind }) => kind === "control");
  const versions: Record<string, number>[] = [];
  for (const { session_id } of sessions) {
    versions.push((await resume(desk, session_id)).versions);
    // The first was used after the second.
    if (versions.length === 50) await resume(desk, sessions[0]!.session_id);
  }
  const [first, second, third] = sessions as [(typeof sessions)[0], ...typeof sessions];
  const left = () => desk.heard.filter(({ type }) => type === "unfollowed");
  expect(left()).toEqual([{ type: "unfollowed", session_id: second!.session_id }]);

  // What is said there is not told, in all others it is.
  const react = async ({ session_id, message_id }: typeof first) => {
    alice.send({
      type: "reaction",
      session_id,
      message_id,
      emoji: "👍",
      client_message_id: message_id,
    });
    await alice.next("message_ack", (ack) => ack.client_message_id === message_id);
  };
  await react(second!);
  await react(first);
  await say(bob, "hello?", { session_id: held.session_id });
  await entry(desk, (one) => one.kind === "reaction");
  await entry(desk, (one) => one.kind === "message" && one.content === "hello?");
  expect(entriesOf(desk, second!.session_id).some(({ kind }) => kind === "reaction")).toBe(false);

  const again = await resume(desk, second!.session_id, versions[1]);
  expect(again.entries.map(({ kind }) => kind)).toContain("reaction");
  expect(left().at(-1)).toMatchObject({ session_id: third!.session_id });
  expect(left()).toHaveLength(2);
});
