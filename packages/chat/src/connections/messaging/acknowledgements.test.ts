import { expect, test } from "vitest";
import type { Versions } from "../../log/versions.ts";
import type { Follower } from "../follower.ts";
import { Acknowledgements, type Acknowledged } from "./acknowledgements.ts";
import { Thread } from "./thread.ts";

function thread(): Thread {
  const key = { userId: "alice", sessionId: "s".repeat(32) };
  return new Thread({ key, conversationId: "c1", follower: {} as Follower, agentId: "bot" });
}

const upTo = (number: number): Versions => ({ "home:1": number });

const DONE = async () => {};

function writing() {
  const stored: Acknowledged[] = [];
  const failed: unknown[] = [];
  let answer = DONE;
  const all = new Acknowledgements({
    store: async (_, what) => {
      stored.push(what);
      await answer();
    },
    failed: (cause) => failed.push(cause),
  });
  return { all, stored, failed, answers: (next: () => Promise<void>) => void (answer = next) };
}

test("what comes in one turn, and what comes while that is written, is one entry each", async () => {
  const { all, stored, answers } = writing();
  const [one, first] = [thread(), Promise.withResolvers<void>()];
  answers(() => first.promise);
  for (let number = 1; number <= 100; number++) all.add(one, "delivered", upTo(number));
  all.add(one, "read", upTo(7));
  await expect.poll(() => stored).toEqual([{ delivered: upTo(100), read: upTo(7) }]);
  for (let number = 101; number <= 200; number++) all.add(one, "delivered", upTo(number));
  first.resolve();
  await all.settled();
  expect(stored.slice(1)).toEqual([{ delivered: upTo(200), read: {} }]);
});

test("what was said before is not written again", async () => {
  const { all, stored } = writing();
  const one = thread();
  all.add(one, "delivered", upTo(3));
  await all.settled();
  all.add(one, "delivered", upTo(2));
  await all.settled();
  expect(stored).toEqual([{ delivered: upTo(3), read: {} }]);
});

test("what could not be stored is told once, and may be said again", async () => {
  const { all, stored, failed, answers } = writing();
  const one = thread();
  answers(() => Promise.reject(new Error("the store is away")));
  all.add(one, "delivered", upTo(1));
  all.add(one, "delivered", upTo(2));
  await all.settled();
  expect(failed).toHaveLength(1);
  answers(DONE);
  all.add(one, "delivered", upTo(2));
  await all.settled();
  expect(stored).toEqual([
    { delivered: upTo(2), read: {} },
    { delivered: upTo(2), read: {} },
  ]);
});
