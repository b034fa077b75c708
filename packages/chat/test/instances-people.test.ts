// Who is there, and who waits, on two processes of `warren chat`, with Redis and without: what they start with and
// the lease of a killed one take most of the time.
import type { ServerFrames } from "@warren/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatProcess } from "./_instances.ts";
import { MONGO_URI } from "./_mongo-kit.ts";
import { mongoDatabase } from "../src/testing/index.ts";
import { oneRedis, REDIS_SERVER } from "./_redis.ts";
import { tokenOf, type Client } from "./_running-chat.ts";
import { device, over, resume, say, scriptedModel } from "./_talk-kit.ts";

const TIES = [
  { name: "with Redis", open: oneRedis },
  {
    name: "without Redis",
    open: async () => ({ env: {}, async [Symbol.asyncDispose]() {} }),
  },
];

const isRunnable = MONGO_URI !== undefined && REDIS_SERVER !== undefined;
const anns = tokenOf("ann", ["admin"]);

describe.skipIf(!isRunnable).each(TIES)("people on two instances $name", ({ open }) => {
  const opened = new AsyncDisposableStack();
  let one: ChatProcess;
  let other: ChatProcess;

  beforeAll(async () => {
    const model = opened.use(await scriptedModel());
    // The desk is looked at often here.
    const env = { ...opened.use(await open()).env, ADMIN_RATE_LIMIT: "100000" };
    const mongoUri = `${MONGO_URI!}${opened.use(mongoDatabase(MONGO_URI!)).name}`;
    const start = async () =>
      opened.use(await ChatProcess.start({ mongoUri, folder: undefined, env, model }));
    [one, other] = await Promise.all([start(), start()]);
  }, 60_000);
  afterAll(() => opened.disposeAsync(), 60_000);

  test("who asks for a person on one waits in the queue of the other, until that one takes it", async () => {
    using first = await device(one.port, tokenOf("first"), "phone");
    const { session_id: before } = await say(first, "hello");
    first.send({ type: "help_request", session_id: before });
    await expect.poll(() => queueOf(other), POLL).toEqual([before]);
    // On the other one: its place follows from what it heard of the first.
    using second = await device(other.port, tokenOf("second"), "phone");
    const { session_id } = await say(second, "hello");
    second.send({ type: "help_request", session_id });
    expect(await second.next("queue")).toMatchObject({ session_id, position: 2, waiting: 2 });
    const { status } = await over(one.port, anns, ["POST", `/admin/takeover/${before}`]);
    expect(status).toBe(200);
    expect(await second.next("queue", (frame) => frame.position === 1)).toMatchObject({
      waiting: 1,
    });
    await over(one.port, anns, ["POST", `/admin/takeover/${session_id}`]);
    expect(await second.next("queue", (frame) => frame.position === 0)).toMatchObject({
      waiting: 0,
    });
  });

  test(
    "who is there is known on both, and nobody of one that was killed",
    { timeout: 60_000 },
    async () => {
      using alice = await device(one.port, tokenOf("alice"), "phone");
      const { session_id } = await say(alice, "hello");
      using looker = await device(one.port, tokenOf("eve", ["admin"]), "desk");
      await resume(looker, session_id);
      expect(await present(looker, ({ user_online }) => user_online)).toMatchObject({
        admins: [{ id: "eve", name: "eve" }],
      });
      using ann = await device(other.port, anns, "desk");
      ann.send({ type: "admin_join", session_id });
      await resume(ann, session_id);
      expect(await present(ann, ({ user_online }) => user_online)).toMatchObject({
        admin_online: true,
        admins: [{ id: "ann" }, { id: "eve" }],
      });
      const named = await present(alice, ({ admins }) => admins !== undefined);
      expect(named).toMatchObject({ admin_online: true, admins: [{ id: "ann", name: "ann" }] });
      expect(JSON.stringify(alice.heard)).not.toContain("eve");
      await one.end("SIGKILL");
      await present(ann, (frame) => !frame.user_online && frame.admins?.length === 1);
    },
  );
});

/** FerretDB takes its time beside other suites. */
const POLL = { timeout: 20_000, interval: 200 };

/** The next word, from the first on, of who is there that fits. */
function present(
  client: Client,
  fits: (frame: ServerFrames["presence"]) => boolean,
): Promise<ServerFrames["presence"]> {
  return client.next("presence", fits);
}

async function queueOf({ port }: ChatProcess): Promise<string[]> {
  const { body } = await over(port, anns, ["GET", "/admin/queue"]);
  return (body as { queue: { session_id: string }[] }).queue.map((each) => each.session_id);
}
