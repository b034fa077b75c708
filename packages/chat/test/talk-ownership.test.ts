import { CLIENT_FRAMES, type ClientFrameType } from "@warren/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { device, over, refusal, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const alice = tokenOf("alice");
const mallory = tokenOf("mallory");
const opened = new AsyncDisposableStack();
let port: number;
let owner: Client;
let session_id: string;
let messageId: string;

beforeAll(async () => {
  const model = opened.use(await scriptedModel());
  const running = opened.use(await runningChat({ providers: [model.provider], rates: UNLIMITED }));
  ({ port } = running.chat);
  owner = opened.use(await device(port, alice, "phone"));
  ({ session_id, message_id: messageId } = await say(owner, "mine"));
  // What follows upon a first message is stored by then, or it would pass for a stranger's.
  await owner.next("entry", ({ entry }) => entry.kind === "named");
});
afterAll(() => opened.disposeAsync());

/** A whole frame of every type that is about a session, as a stranger would send it. */
const FRAMES: Record<ClientFrameType, object | "about no session"> = {
  user_message: { content: "let me in" },
  model_select: { model_id: "scripted" },
  help_request: {},
  file_upload: { file_id: "f", file_url: "https://files.test/f" },
  voice_message: { file_id: "v", file_url: "https://files.test/v" },
  hello: "about no session",
  resume: {},
  history: { before: { "home:1": 10 } },
  retransmit: { from_sequence: 1, to_sequence: 10 },
  edit: { message_id: "m", content: "changed" },
  delete: { message_id: "m" },
  reaction: { message_id: "m", emoji: "👎" },
  end_session: {},
  typing: { on: true },
  delivery_ack: { versions: { "home:1": 1 } },
  read_receipt: { versions: { "home:1": 1 } },
  stop: {},
  regenerate: { message_id: "m" },
  continue: { message_id: "m" },
  run_get: { run_id: "r" },
  auth: "about no session",
  ping: "about no session",
  heartbeat: "about no session",
  admin_join: {},
  admin_leave: {},
  admin_transfer: { admin_id: "mallory" },
  note: { content: "let me in" },
};
const ABOUT_SESSIONS = Object.entries(FRAMES)
  .filter(([, frame]) => frame !== "about no session")
  .map(([name, frame]) => ({ name: name as ClientFrameType, frame: frame as object }));

test("every frame that a client may send is in this table", () => {
  expect(Object.keys(FRAMES).toSorted()).toEqual(Object.keys(CLIENT_FRAMES).toSorted());
});

/** A frame about alice's session, and about her message where it names one. */
function aimed({ name, frame }: (typeof ABOUT_SESSIONS)[number]): object {
  const about = { type: name, session_id, ...frame };
  if (name === "resume") return { type: name, sessions: [{ session_id }] };
  return "message_id" in frame ? { ...about, message_id: messageId } : about;
}

test.each(ABOUT_SESSIONS)(
  "$name of another user's session is refused and does nothing",
  async (one) => {
    using stranger = await Client.open(port, mallory);
    await stranger.next("connection_status");
    const before = await resume(owner, session_id);
    stranger.send({ ...aimed(one), client_message_id: "forged" });
    const { error, ...about } = await refusal(stranger);
    expect(error).toMatchObject({ code: "UNAUTHORIZED", recoverable: true });
    // A resume is told of by its session.
    const named = one.name === "resume" ? {} : { client_message_id: "forged" };
    expect(about).toMatchObject({ session_id, ...named });
    expect((await resume(owner, session_id)).versions).toEqual(before.versions);
  },
);

test.each(ABOUT_SESSIONS)(
  "$name of another user's session does not bind the socket to it",
  async (one) => {
    using stranger = await Client.open(port, tokenOf(`stranger-${one.name}`));
    await stranger.next("connection_status");
    stranger.send(aimed(one));
    await refusal(stranger);
    const heard = stranger.heard.length;
    // What names no session is about one of their own, and nothing of alice's is heard.
    const own = await say(stranger, "hello?");
    expect(own.session_id).not.toBe(session_id);
    await say(owner, "not for strangers");
    stranger.send({ type: "ping" });
    await stranger.next("pong");
    expect(JSON.stringify(stranger.heard.slice(heard))).not.toContain(session_id);
  },
);

test("a stranger who leaves does not take the owner's answers along", async () => {
  const stranger = await Client.open(port, mallory);
  stranger.send({ type: "user_message", session_id, content: "mine now" });
  await refusal(stranger);
  stranger.socket.close();
  await stranger.closed;
  using other = await device(port, alice, "tablet");
  await resume(other, session_id);
  const { message_id } = await say(owner, "still here");
  await other.next("entry", ({ entry }) => entry.message_id === message_id);
});

test("a session that is asked for in the address is the owner's alone", async () => {
  using stranger = await Client.open(port, mallory, `?session_id=${session_id}`);
  expect((await refusal(stranger)).error.code).toBe("UNAUTHORIZED");
  expect((await over(port, mallory, ["GET", `/sessions/${session_id}`])).status).toBe(404);
  expect((await over(port, mallory, ["POST", `/sessions/${session_id}/end`])).status).toBe(404);
});

test("an id that nobody has yet cannot be taken from the one who made it up", async () => {
  const made = "made-up-by-bob";
  using squatter = await device(port, tokenOf("squatter"), "s");
  const squatted = await say(squatter, "first!", { session_id: made });
  using bob = await device(port, tokenOf("bob"), "b");
  const begun = await say(bob, "mine", { session_id: made });
  expect(begun.session_id).not.toBe(squatted.session_id);
  using again = await device(port, tokenOf("bob"), "b2");
  expect((await resume(again, made)).session_id).toBe(begun.session_id);
});

const SENDERS = ["admin", "ai", "system"].flatMap((sender) =>
  ["user_message", "file_upload", "voice_message"].map((type) => ({
    name: `${type} as ${sender}`,
    sender,
    type,
  })),
);
test.each(SENDERS)("$name is stored as the user's own", async ({ sender, type }) => {
  using forger = await device(port, tokenOf(`forger-${type}-${sender}`), "f");
  const { session_id: own } = await say(forger, "begins");
  const frame = {
    type,
    session_id: own,
    sender,
    content: "I am the admin",
    client_message_id: "forged",
  };
  forger.send({ ...frame, file_id: "f", file_url: "https://files.test/f" });
  await forger.next("message_ack", (ack) => ack.client_message_id === "forged");
  const { entries } = await resume(forger, own);
  const stored = entries.find(({ client_message_id }) => client_message_id === "forged");
  expect(stored).toMatchObject({ kind: "message", sender: "user" });
  const { body } = await over(port, tokenOf(`forger-${type}-${sender}`), [
    "GET",
    `/sessions/${own}`,
  ]);
  expect(body["messages"]).toMatchObject([{ sender: "user" }, { sender: "user" }]);
});

test("another user's token does not renew a socket", async () => {
  using stranger = await Client.open(port, mallory);
  stranger.send({ type: "auth", token: alice });
  expect((await refusal(stranger)).error.code).toBe("UNAUTHORIZED");
});

test("frames that cannot be read are counted like any others", async () => {
  await using few = await runningChat({
    rates: { ...UNLIMITED, frame: { points: 5, perMs: 60_000 } },
  });
  using client = await Client.open(few.chat.port, tokenOf("noisy"));
  await client.next("connection_status");
  for (let at = 0; at < 6; at++) client.socket.send("{");
  const limited = await client.next("error", ({ error }) => error.code === "TOO_MANY_REQUESTS");
  expect(limited.error.retry_after).toBeGreaterThan(0);
  const codes = client.heard.flatMap((one) => (one.type === "error" ? [one.error.code] : []));
  expect(codes).toEqual([...Array<string>(5).fill("INVALID_FORMAT"), "TOO_MANY_REQUESTS"]);
});
