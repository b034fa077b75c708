import { expect, test } from "vitest";
import { Bulkhead } from "./bulkhead.ts";

const signal = new AbortController().signal;

test("places go to those who wait in the order of their coming", async () => {
  const bulkhead = new Bulkhead({ places: 1, queue: 9 });
  const order: number[] = [];
  const leave = await bulkhead.enter(signal);
  const others = [1, 2, 3].map(async (n) => {
    const mine = await bulkhead.enter(signal);
    order.push(n);
    mine();
  });
  expect([bulkhead.taken, bulkhead.waiting]).toEqual([1, 3]);
  leave();
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
  expect([bulkhead.taken, bulkhead.waiting]).toEqual([0, 0]);
});

test("nobody slips in between one who leaves and one who waits", async () => {
  const bulkhead = new Bulkhead({ places: 1, queue: 1 });
  const leave = await bulkhead.enter(signal);
  const waiting = bulkhead.enter(signal);
  leave();
  const late = bulkhead.enter(signal);
  expect([bulkhead.taken, bulkhead.waiting]).toEqual([1, 1]);
  (await waiting)();
  (await late)();
});

test("who gives up waiting leaves the queue", async () => {
  const bulkhead = new Bulkhead({ places: 1, queue: 1 });
  const leave = await bulkhead.enter(signal);
  const stop = new AbortController();
  const waiting = bulkhead.enter(stop.signal);
  await expect(bulkhead.enter(signal)).rejects.toMatchObject({ kind: "busy" });
  stop.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  leave();
  expect([bulkhead.taken, bulkhead.waiting]).toEqual([0, 0]);
});
