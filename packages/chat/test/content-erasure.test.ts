import { ChatError } from "@warren/wire";
import { expect, test } from "vitest";
import { holderOf } from "../src/files/file-id.ts";
import { leaseCounters } from "../src/leases/lease-counters.ts";
import { Eraser } from "../src/privacy/eraser.ts";
import { round } from "../src/privacy/retention.ts";
import { DAY, teller, world } from "./_privacy-world.ts";
import { idOf, query } from "./_session-kit.ts";
import { NEVER } from "./_uploads.ts";

const GONE = { entries: 0, row: undefined, keys: "destroyed", link: 0, file: undefined };

/** Everything of which a step may fail, by the name of the port and of its method. */
const STEPS = [
  ["keys", "destroy"],
  ["shareLinks", "remove"],
  ["files", "release"],
  ["logErasure", "erase"],
  ["folding", "forget"],
] as const;

test.each(STEPS.map(([port, method]) => ({ name: `${port}.${method}`, port, method })))(
  "an erasure that died at $name is gone on with at the next start",
  async ({ port, method }) => {
    await using all = await world();
    const one = await all.say("alice", 1, 1_200);
    const other = await all.say("bob", 2);
    const dies = failing(all.options[port], method);
    const broken = new Eraser({ ...all.options, [port]: dies });
    await expect(broken.session(one, "user")).rejects.toMatchObject({ code: "DATABASE_ERROR" });
    // A crash: whoever comes next knows of it only what was stored.
    await new Eraser(all.options).resume(NEVER);
    expect(await all.isGone(one)).toEqual(GONE);
    expect(await all.isGone(other)).toMatchObject({ entries: 2, link: 1 });
  },
);

test("what an instance adds that did not hear of the erasure is taken away by a second look", async () => {
  await using all = await world();
  const one = await all.say("alice", 1);
  const eraser = new Eraser(all.options);
  await eraser.session(one, "user");
  const late = { ...one, kind: "reaction", author: "user:alice", clientMessageId: "late" } as const;
  await all.log.append({
    ...late,
    body: "{}",
    seen: undefined,
    fence: undefined,
    control: undefined,
  });
  await eraser.resume(NEVER);
  expect((await all.isGone(one)).entries).toBe(1);
  all.wall.ms += 600_000;
  await eraser.resume(NEVER);
  expect(await all.isGone(one)).toEqual(GONE);
  expect(await all.erasures.due(Infinity, 10)).toEqual([]);
});

test("no takeover of it is left, also where whoever watched it is gone or goes on for a while", async () => {
  await using all = await world();
  const one = await all.say("alice", 1);
  const counters = leaseCounters(all.options.leases);
  await counters.move(one, 1);
  const eraser = new Eraser(all.options);
  await eraser.session(one, "user");
  expect(await all.options.leases.list("takeover", undefined, 9)).toEqual([]);
  await counters.move(one, 1);
  all.wall.ms += 600_000;
  await eraser.resume(NEVER);
  expect(await all.options.leases.list("takeover", undefined, 9)).toEqual([]);
});

test("a user's erasure takes sessions that began by then, and none that is begun after it", async () => {
  await using all = await world();
  const eraser = new Eraser(all.options);
  const before = await all.say("alice", 1);
  all.wall.ms += 1_000;
  await eraser.user("alice", "user");
  all.wall.ms += 120_000;
  const after = await all.say("alice", 3);
  all.wall.ms += 600_000;
  await eraser.resume(NEVER);
  expect(await all.isGone(before)).toEqual(GONE);
  expect(await all.isGone(after)).toMatchObject({ entries: 2, link: 1 });
  expect((await all.isGone(after)).file).toBeDefined();
});

/** A session of bob's that goes on with one of a guest's, and names its file. */
async function merged(all: Awaited<ReturnType<typeof world>>) {
  const guests = await all.say("guest:g", 7);
  const key = { userId: "bob", sessionId: idOf(8) };
  const { userId, sessionId, fileId } = guests;
  const tell = teller(all.journal, key);
  await tell("opened", "opened", { mergedFrom: { userId, sessionId } });
  await all.options.files.hold(fileId, holderOf(key));
  const file = { fileId, url: "" };
  await tell("message", "m0", { sender: "user", type: "file", content: "0", file });
  await all.options.folding.upToDate(key);
  return { guests, bobs: { ...key, fileId } };
}

test("the erasure of a session takes the guest's session that it goes on with", async () => {
  await using all = await world();
  const { guests, bobs } = await merged(all);
  const other = await all.say("guest:g", 9);
  await new Eraser(all.options).session(bobs, "user");
  expect(await all.isGone(bobs)).toMatchObject({ entries: 0, file: undefined });
  expect(await all.isGone(guests)).toEqual(GONE);
  expect(await all.isGone(other)).toMatchObject({ entries: 2 });
});

test("the erasure of a user takes all that the guest had who they were, merged or not", async () => {
  await using all = await world();
  const { guests, bobs } = await merged(all);
  const other = await all.say("guest:g", 9);
  const strangers = await all.say("guest:h", 10);
  const left: string[] = [];
  const leave = ({ userId }: { userId: string }) => void left.push(userId);
  const erased = await new Eraser({ ...all.options, leave }).user("bob", "user");
  expect(erased).toMatchObject({ sessions: 3, files: 2 });
  for (const one of [guests, other]) expect(await all.isGone(one)).toEqual(GONE);
  expect(await all.isGone(bobs)).toMatchObject({ entries: 0, file: undefined });
  expect(await all.isGone(strangers)).toMatchObject({ entries: 2 });
  expect(new Set(left)).toEqual(new Set(["bob", "guest:g"]));
});

test("what the erasure of a user had not reached of the guest when it died is gone on with", async () => {
  await using all = await world();
  const { guests, bobs } = await merged(all);
  const dies = failing(all.options.keys, "destroy");
  const broken = new Eraser({ ...all.options, keys: dies });
  await expect(broken.user("bob", "user")).rejects.toMatchObject({ code: "DATABASE_ERROR" });
  await new Eraser(all.options).resume(NEVER);
  expect(await all.isGone(guests)).toEqual(GONE);
  expect((await all.isGone(bobs)).entries).toBe(0);
});

test("a file that two sessions have goes with the last of them", async () => {
  await using all = await world();
  const eraser = new Eraser(all.options);
  const one = await all.say("alice", 1);
  const other = { userId: "alice", sessionId: idOf(2) };
  const { files } = all.options;
  for (const key of [one, other]) expect(await files.hold(one.fileId, holderOf(key))).toBe(true);
  const tell = teller(all.journal, other);
  await tell("opened", "opened", {});
  const file = { fileId: one.fileId, url: "" };
  await tell("message", "m0", { sender: "user", type: "file", content: "0", file });
  expect(await eraser.session(one, "retention")).toMatchObject({ files: 0 });
  expect(await files.head(one.fileId)).toBeDefined();
  expect(await eraser.session(other, "retention")).toMatchObject({ files: 1 });
  expect(await files.head(one.fileId)).toBeUndefined();
});

test("an erased session takes nothing more, of words or without", async () => {
  await using all = await world();
  const one = await all.say("alice", 1);
  await new Eraser(all.options).session(one, "user");
  const reaction = { messageId: "m", emoji: "x", isOn: true };
  const late = teller(all.journal, one)("reaction", "r", reaction);
  await expect(late).rejects.toMatchObject({ code: "GONE" });
});

test("an id of another's file beside an address elsewhere does not take that file along", async () => {
  await using all = await world();
  const victim = await all.say("bob", 2);
  const one = await all.say("alice", 1);
  const file = { fileId: victim.fileId, url: "https://files.test/f" };
  const body = { sender: "user", type: "file", content: "", file } as const;
  await teller(all.journal, one)("message", "forged", body);
  await new Eraser(all.options).session(one, "user");
  expect((await all.isGone(victim)).file).toBeDefined();
});

test("retention takes sessions that have been quiet for so long, and their files", async () => {
  await using all = await world();
  const old = await Promise.all([1, 2, 3].map((number) => all.say("alice", number)));
  all.wall.ms += 30 * DAY;
  const young = await all.say("alice", 4);
  const policy = { ...all.retention.policy, sessionsMs: 30 * DAY - 1 };
  await round({ ...all.retention, policy, eraser: new Eraser(all.options) }, NEVER);
  for (const one of old) expect(await all.isGone(one)).toEqual(GONE);
  expect(await all.isGone(young)).toMatchObject({ entries: 2 });
});

test("retention without a policy takes nothing", async () => {
  await using all = await world();
  const one = await all.say("alice", 1);
  all.wall.ms += 10_000 * DAY;
  await round({ ...all.retention, eraser: new Eraser(all.options) }, NEVER);
  expect(await all.isGone(one)).toMatchObject({ entries: 2, link: 0 });
});

test("a session that cannot be erased keeps no other from it, and is tried again", async () => {
  await using all = await world();
  const [first, second] = [await all.say("alice", 1), await all.say("bob", 2)];
  all.wall.ms += 2 * DAY;
  const policy = { ...all.retention.policy, sessionsMs: DAY };
  const { keys } = all.options;
  const stuck = Object.create(keys, {
    destroy: {
      value: (key: typeof first) =>
        key.userId === "alice" ? Promise.reject(AWAY) : keys.destroy(key),
    },
  }) as typeof keys;
  await round(
    { ...all.retention, policy, eraser: new Eraser({ ...all.options, keys: stuck }) },
    NEVER,
  );
  expect(await all.isGone(first)).toMatchObject({ entries: 2 });
  expect(await all.isGone(second)).toEqual(GONE);
  await round({ ...all.retention, policy, eraser: new Eraser(all.options) }, NEVER);
  expect(await all.isGone(first)).toEqual(GONE);
});

test("a round that is told to end leaves the rest to the next one", async () => {
  await using all = await world();
  for (const number of [1, 2, 3]) await all.say("alice", number);
  all.wall.ms += 2 * DAY;
  const policy = { ...all.retention.policy, sessionsMs: DAY };
  const stop = new AbortController();
  const { logErasure } = all.options;
  const stopping = {
    erase: (...args: Parameters<typeof logErasure.erase>) => {
      stop.abort();
      return logErasure.erase(...args);
    },
  };
  const eraser = new Eraser({ ...all.options, logErasure: stopping });
  await round({ ...all.retention, policy, eraser }, stop.signal);
  expect((await all.sessions.list(query())).rows).toHaveLength(2);
});

const AWAY = new ChatError("DATABASE_ERROR", "the store is away");

/** `port`, one of whose methods fails once it has begun to be used. */
function failing<T extends object>(port: T, method: string): T {
  return Object.create(port, { [method]: { value: () => Promise.reject(AWAY) } }) as T;
}
