import { expect, onTestFinished, test } from "vitest";
import { virtualClock } from "../testing/index.ts";
import { WorkQueue, type WorkFailure } from "./work-queue.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A queue whose work ends when the test says so. */
function open(concurrency = 2) {
  const clock = virtualClock();
  const failures: WorkFailure[] = [];
  const began: string[] = [];
  const running = new Map<string, PromiseWithResolvers<void>>();
  const queue = new WorkQueue({
    work: (key) => {
      began.push(key);
      const work = Promise.withResolvers<void>();
      running.set(key, work);
      return work.promise;
    },
    clock,
    random: () => 1,
    concurrency,
    onFailure: (failure) => failures.push(failure),
  });
  const end = async (key: string, error?: Error) => {
    const work = running.get(key)!;
    running.delete(key);
    if (error === undefined) work.resolve();
    else work.reject(error);
    await settle();
  };
  onTestFinished(async () => {
    for (const work of running.values()) work.resolve();
    await queue[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });
  return { queue, clock, failures, began, end };
}

test("a key that is added while it waits is worked on once", async () => {
  const { queue, began, end } = open(1);
  queue.add("a");
  queue.add("b");
  queue.add("b");
  await end("a");
  await end("b");
  expect(began).toEqual(["a", "b"]);
  expect(queue.size).toBe(0);
});

test("a key that is added while it is worked on is worked on once more, afterwards", async () => {
  const { queue, began, end } = open();
  queue.add("a");
  queue.add("a");
  queue.add("a");
  expect(began).toEqual(["a"]);
  await end("a");
  expect(began).toEqual(["a", "a"]);
  await end("a");
  expect(began).toEqual(["a", "a"]);
});

test("no more are worked on at once than said, in the order of their adding", async () => {
  const { queue, began, end } = open(2);
  for (const key of ["a", "b", "c", "d"]) queue.add(key);
  expect(began).toEqual(["a", "b"]);
  await end("b");
  expect(began).toEqual(["a", "b", "c"]);
});

test("what fails is repeated after waits that double; what succeeds begins afresh", async () => {
  const { queue, clock, failures, began, end } = open();
  queue.add("a");
  for (const waitMs of [250, 500, 1_000]) {
    await end("a", new Error("no"));
    expect(failures.at(-1)).toMatchObject({ key: "a", retryInMs: waitMs });
    clock.advance(waitMs - 1);
    const before = began.length;
    clock.advance(1);
    expect(began.length).toBe(before + 1);
  }
  await end("a");
  queue.add("a");
  await end("a", new Error("no"));
  expect(failures.at(-1)).toMatchObject({ attempts: 1, retryInMs: 250 });
});

test("a failure never waits longer than a minute", async () => {
  const { queue, clock, failures, end } = open();
  queue.add("a");
  for (let i = 0; i < 20; i++) {
    await end("a", new Error("no"));
    clock.advance(60_000);
  }
  expect(failures.at(-1)?.retryInMs).toBe(60_000);
});

test("a change does not wait for the repeat of what failed", async () => {
  const { queue, clock, began, end } = open();
  queue.add("a");
  await end("a", new Error("no"));
  queue.add("a");
  expect(began).toEqual(["a", "a"]);
  await end("a");
  clock.advance(60_000);
  expect(began).toEqual(["a", "a"]);
});

test("what is forgotten is not repeated, also when it fails afterwards", async () => {
  const { queue, clock, began, end, failures } = open();
  queue.add("a");
  queue.add("b");
  await end("a", new Error("no"));
  queue.forget("a");
  queue.forget("b");
  await end("b", new Error("no"));
  clock.advance(60_000);
  expect([began, failures.length, queue.size]).toEqual([["a", "b"], 1, 0]);
});

test("idle waits for what is worked on and what follows from it", async () => {
  const { queue, end } = open(1);
  queue.add("a");
  queue.add("b");
  let isIdle = false;
  const idle = queue.idle().then(() => (isIdle = true));
  await end("a");
  expect(isIdle).toBe(false);
  await end("b");
  await idle;
});

test("a closed queue begins nothing more", async () => {
  const { queue, began, end } = open(1);
  queue.add("a");
  queue.add("b");
  const closed = queue[Symbol.asyncDispose]();
  queue.add("c");
  await end("a");
  await closed;
  expect(began).toEqual(["a"]);
});
