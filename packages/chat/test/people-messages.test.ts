import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  device,
  entry,
  over,
  refusal,
  resume,
  say,
  scriptedModel,
  UNLIMITED,
} from "./_talk-kit.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";

const bobsToken = tokenOf("bob", ["admin"]);
const opened = new AsyncDisposableStack();
let port: number;
let model: Awaited<ReturnType<typeof scriptedModel>>;

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  const running = opened.use(await runningChat({ providers: [model.provider], rates: UNLIMITED }));
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());

let users = 0;
/** A user with a session that an admin has taken, and a message of each. */
async function taken() {
  const token = tokenOf(`user-${++users}`);
  const alice = await device(port, token, "phone");
  const { session_id, message_id: hers } = await say(alice, "help me");
  await entry(alice, ({ kind }) => kind === "named");
  const bob = await device(port, bobsToken, "desk");
  bob.send({ type: "admin_join", session_id });
  await entry(bob, ({ kind }) => kind === "control");
  const { message_id: his } = await say(bob, "here I am", { session_id });
  bob.send({ type: "note", session_id, content: "a difficult one", client_message_id: "note" });
  const { message_id: note } = await bob.next(
    "message_ack",
    ({ client_message_id }) => client_message_id === "note",
  );
  await entry(alice, ({ kind }) => kind === "hidden");
  const close = () => {
    alice[Symbol.dispose]();
    bob[Symbol.dispose]();
  };
  return { token, alice, bob, session_id, hers, his, note, [Symbol.dispose]: close };
}
type Taken = Awaited<ReturnType<typeof taken>>;

describe("a change of a message is refused before it is stored", () => {
  test.each<{ name: string; frame: (of: Taken) => object; code: string }>([
    {
      name: "an edit of an admin's message by the user",
      frame: ({ his }) => ({ type: "edit", message_id: his, content: "I owe you money" }),
      code: "FORBIDDEN",
    },
    {
      name: "a deletion of an admin's message by the user",
      frame: ({ his }) => ({ type: "delete", message_id: his }),
      code: "FORBIDDEN",
    },
    {
      name: "an edit of a message that is not there",
      frame: () => ({ type: "edit", message_id: "nobody-said-this", content: "x" }),
      code: "NOT_FOUND",
    },
    {
      name: "a reaction to a message that is not there",
      frame: () => ({ type: "reaction", message_id: "nobody-said-this", emoji: "👍" }),
      code: "NOT_FOUND",
    },
    {
      name: "a reaction to a note that the user cannot see",
      frame: ({ note }) => ({ type: "reaction", message_id: note, emoji: "👍" }),
      code: "NOT_FOUND",
    },
    {
      name: "a deletion of a note that the user cannot see",
      frame: ({ note }) => ({ type: "delete", message_id: note }),
      code: "NOT_FOUND",
    },
  ])("$name", async ({ frame, code }) => {
    using all = await taken();
    const { alice, session_id } = all;
    const { versions } = await resume(alice, session_id);
    const from = alice.heard.length;
    alice.send({ session_id, ...frame(all), client_message_id: "forged" });
    expect(await refusal(alice, from)).toMatchObject({
      client_message_id: "forged",
      error: { code, recoverable: true },
    });
    expect((await resume(alice, session_id)).versions).toEqual(versions);
  });

  test("an edit of another's message by an admin, who may delete it", async () => {
    using all = await taken();
    const { bob, alice, session_id, hers } = all;
    bob.send({ type: "edit", session_id, message_id: hers, content: "I am fine" });
    expect((await refusal(bob)).error.code).toBe("FORBIDDEN");
    bob.send({ type: "delete", session_id, message_id: hers });
    await entry(alice, ({ kind }) => kind === "delete");
  });

  test("an edit of and a reaction to what was deleted; taking a reaction back is none", async () => {
    using all = await taken();
    const { alice, session_id, hers } = all;
    alice.send({ type: "delete", session_id, message_id: hers });
    await entry(alice, ({ kind }) => kind === "delete");
    const frames = [
      { type: "edit", content: "no, wait" },
      { type: "reaction", emoji: "👍" },
    ];
    for (const frame of frames) {
      const from = alice.heard.length;
      alice.send({ session_id, message_id: hers, ...frame });
      expect((await refusal(alice, from)).error.code).toBe("GONE");
    }
    alice.send({ type: "reaction", session_id, message_id: hers, emoji: "👍", on: false });
    await entry(alice, ({ kind }) => kind === "reaction");
  });
});

test("what an admin does with a note stays among admins", async () => {
  using all = await taken();
  const { token, alice, bob, session_id, note } = all;
  const from = alice.heard.length;
  bob.send({ type: "edit", session_id, message_id: note, content: "a secret about her" });
  bob.send({ type: "reaction", session_id, message_id: note, emoji: "🙈" });
  bob.send({ type: "delete", session_id, message_id: note });
  await entry(bob, ({ kind }) => kind === "delete");
  await say(bob, "and this she may read", { session_id });
  await entry(alice, ({ kind }) => kind === "message", from);
  const heard = JSON.stringify(alice.heard);
  for (const secret of ["a secret about her", "a difficult one", "🙈"]) {
    expect(heard).not.toContain(secret);
  }
  using old = await Client.open(port, token, `?session_id=${session_id}`);
  await old.next("connection_status");
  const { body } = await over(port, token, ["GET", `/sessions/${session_id}`]);
  expect(JSON.stringify([body, old.heard])).not.toContain("difficult");
});

describe("an id that nobody knows", () => {
  test.each<{ name: string; frame: object; session: boolean }>([
    { name: "history", frame: { type: "history", before: { "home:1": 9 } }, session: true },
    { name: "help_request", frame: { type: "help_request" }, session: true },
    {
      name: "file_upload",
      frame: { type: "file_upload", file_id: "f", file_url: "https://f.test/f" },
      session: true,
    },
    { name: "stop", frame: { type: "stop" }, session: true },
    { name: "end_session", frame: { type: "end_session" }, session: true },
  ])("is NOT_FOUND in a $name, and not another session of the user", async ({ frame }) => {
    using alice = await device(port, tokenOf(`user-${++users}`), "phone");
    const { session_id } = await say(alice, "hello");
    await entry(alice, ({ kind }) => kind === "named");
    const { versions } = await resume(alice, session_id);
    const from = alice.heard.length;
    alice.send({ session_id: "never-heard-of", ...frame });
    expect(await refusal(alice, from)).toMatchObject({
      session_id: "never-heard-of",
      error: { code: "NOT_FOUND" },
    });
    expect((await resume(alice, session_id)).versions).toEqual(versions);
  });

  test("is NOT_FOUND in a resume, and the others of it are resumed", async () => {
    using alice = await device(port, tokenOf(`user-${++users}`), "phone");
    const { session_id } = await say(alice, "hello");
    const from = alice.heard.length;
    const sessions = [{ session_id: "never-heard-of" }, { session_id }];
    alice.send({ type: "resume", sessions });
    const resumed = await alice.next("resumed", () => true, from);
    expect(resumed.sessions.map((one) => one.session_id)).toEqual([session_id]);
    expect(await refusal(alice, from)).toMatchObject({ error: { code: "NOT_FOUND" } });
  });

  test("goes on to mean the session in which the socket's first words were taken", async () => {
    const token = tokenOf(`user-${++users}`);
    using first = await device(port, token, "phone");
    const { session_id } = await say(first, "hello");
    // As clients of the reference: they name the session before they know its id.
    using old = await Client.open(port, token, "?session_id=my-own-name");
    await old.next("connection_status");
    old.send({ type: "user_message", session_id: "my-own-name", content: "again" });
    expect(await old.next("message_ack")).toMatchObject({ session_id });
    const from = old.heard.length;
    old.send({ type: "help_request", session_id: "my-own-name" });
    expect(await old.next("connection_status", () => true, from)).toMatchObject({ session_id });
  });
});

test("a call for help may be the first word of a session", async () => {
  using alice = await device(port, tokenOf(`user-${++users}`), "phone");
  const { session_id } = await alice.next("connection_status");
  alice.send({ type: "help_request", session_id, client_message_id: "help" });
  expect(await alice.next("message_ack")).toMatchObject({ session_id, client_message_id: "help" });
  const { entries } = await resume(alice, session_id!);
  expect(entries.map(({ kind }) => kind)).toEqual(["opened", "help"]);
});

describe("a session is ended on a socket", () => {
  test("once for all devices; what comes after it is refused and begins another", async () => {
    const token = tokenOf(`user-${++users}`);
    using phone = await device(port, token, "phone");
    const { session_id } = await say(phone, "bye");
    using tablet = await device(port, token, "tablet");
    await resume(tablet, session_id);
    phone.send({ type: "end_session", session_id, client_message_id: "end" });
    await phone.next("message_ack", (ack) => ack.client_message_id === "end");
    await entry(tablet, ({ kind }) => kind === "ended");
    const from = tablet.heard.length;
    tablet.send({ type: "user_message", session_id, content: "one more thing" });
    expect((await refusal(tablet, from)).error.code).toBe("SESSION_ENDED");
    using again = await device(port, token, "laptop");
    expect((await say(again, "a new thing")).session_id).not.toBe(session_id);
  });

  test("and again without harm", async () => {
    const token = tokenOf(`user-${++users}`);
    using phone = await device(port, token, "phone");
    const { session_id } = await say(phone, "bye");
    for (const client_message_id of ["a", "a", "b"]) {
      const from = phone.heard.length;
      phone.send({ type: "end_session", session_id, client_message_id });
      await phone.next("message_ack", () => true, from);
    }
    expect((await over(port, token, ["POST", `/sessions/${session_id}/end`])).status).toBe(200);
    const { body } = await over(port, token, ["GET", "/sessions"]);
    expect(body["sessions"]).toMatchObject([{ is_active: false, id: session_id }]);
  });
});

// T-17: ending any session made the user leave the one that they were in.
test("ending a session once more leaves the user in the one that they are in", async () => {
  const token = tokenOf(`user-${++users}`);
  using phone = await device(port, token, "phone");
  const { session_id: first } = await say(phone, "one");
  phone.send({ type: "end_session", session_id: first, client_message_id: "a" });
  await phone.next("message_ack", (ack) => ack.client_message_id === "a");
  using laptop = await device(port, token, "laptop");
  const { session_id: second } = await say(laptop, "two");
  phone.send({ type: "end_session", session_id: first, client_message_id: "b" });
  await phone.next("message_ack", (ack) => ack.client_message_id === "b");
  using tablet = await device(port, token, "tablet");
  expect((await tablet.next("connection_status")).session_id).toBe(second);
});

describe("receipts", () => {
  test("of receipts are not stored, so that two who acknowledge everything come to an end", async () => {
    const token = tokenOf(`user-${++users}`);
    using phone = await device(port, token, "phone");
    const { session_id, origin } = await say(phone, "hello");
    using tablet = await device(port, token, "tablet");
    await resume(tablet, session_id);
    // Both acknowledge every entry that comes, receipts as well.
    for (const client of [phone, tablet]) {
      client.socket.on("message", (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as { type: string; entry?: { number: number } };
        if (frame.type !== "entry") return;
        const versions = { [origin]: frame.entry!.number };
        client.send({ type: "delivery_ack", session_id, versions });
      });
    }
    await say(phone, "again", { session_id });
    await entry(phone, ({ kind, sender }) => kind === "receipt" && sender === "user");
    // What is said now passes after whatever they had to say to one another.
    for (let i = 0; i < 20; i++) {
      for (const client of [phone, tablet]) {
        const from = client.heard.length;
        client.send({ type: "reaction", session_id, message_id: "none", emoji: "x" });
        await refusal(client, from);
      }
    }
    const { entries } = await resume(phone, session_id);
    const receipts = entries.filter(({ kind }) => kind === "receipt");
    expect(receipts.length).toBeGreaterThan(0);
    expect(receipts.length).toBeLessThanOrEqual(6);
  });

  test("never point beyond what was said", async () => {
    using phone = await device(port, tokenOf(`user-${++users}`), "phone");
    const { session_id, origin, number } = await say(phone, "hello");
    const versions = { [origin]: Number.MAX_SAFE_INTEGER, "elsewhere:1": 7 };
    phone.send({ type: "read_receipt", session_id, versions });
    const { entry: stored } = await entry(phone, ({ kind }) => kind === "receipt");
    const read = (stored as { read: Record<string, number> }).read;
    expect(Object.keys(read)).toEqual([origin]);
    expect(read[origin]).toBeGreaterThanOrEqual(number);
    expect(read[origin]).toBeLessThan(number + 5);
  });
});
