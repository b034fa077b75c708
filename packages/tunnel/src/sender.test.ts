import { FRAME, LIMITS } from "@warren/wire";
import { expect, test } from "vitest";
import { Budget } from "./budget.ts";
import type { Transport } from "./ports.ts";
import { Reader } from "./reader.ts";
import { Sender } from "./sender.ts";
import { ManualClock, rethrow } from "./testing/pair.ts";

/** Stands for an acknowledgement among stream ids. */
const ACK = -1;

/** A sender whose ends of turns are run by hand, and what its transports carried. */
function sending() {
  const turns: (() => void)[] = [];
  const clock = new ManualClock();
  const sender = new Sender({
    clock,
    endOfTurn: (task) => void turns.push(task),
    allocate: (bytes) => new Uint8Array(bytes),
    frameBytes: LIMITS.frameBytes,
    kept: new Budget(1_048_576, undefined),
    broke: rethrow,
    streams: () => 0,
  });
  const flush = () => {
    for (const turn of turns.splice(0)) turn();
  };
  /** A new transport; the stream ids of the frames that it carries. */
  const join = (received: number): number[] => {
    const carried: number[] = [];
    const onFrame = (first: number, id: number): undefined =>
      void carried.push(first === FRAME.ack ? ACK : id);
    const reader = new Reader({ onFrame }, LIMITS.frameBytes);
    const transport: Transport = {
      send: (message) => void reader.read(message),
      sendText() {},
      batch: (writes) => writes(),
      close() {},
      terminate() {},
      bufferedBytes: 0,
    };
    sender.detach();
    expect(sender.attach(transport, received)).toBe(true);
    flush();
    return carried;
  };
  /** A frame of 2 KiB that needs no credit and no room. */
  const say = (id: number) =>
    sender.control({ first: FRAME.reset, stream: id, payload: new Uint8Array(2_040), value: 0 });
  return { sender, clock, flush, join, say };
}

const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1);

test("while an earlier transport's frames wait to be sent again, new ones do not overtake them (S1, R3)", () => {
  const { sender, flush, join, say } = sending();
  const first = join(0);
  for (const id of upTo(50)) say(id);
  flush();
  expect(first).toEqual(upTo(50));

  // A new transport may carry 64 KiB at first: 32 frames of these.
  const second = join(0);
  expect(second).toEqual(upTo(32));
  expect(sender.replay.behind).toBe(true);
  say(51);
  flush();
  expect(second).toEqual(upTo(32));

  sender.acknowledged(32, 0);
  flush();
  expect(second).toEqual(upTo(51));
  expect([sender.replay.behind, sender.replay.sent]).toEqual([false, 51]);
});

test("what was said while no transport was there comes behind what is sent again", () => {
  const { sender, flush, join, say } = sending();
  join(0);
  for (const id of upTo(40)) say(id);
  flush();
  sender.detach();
  say(41);
  flush();
  const second = join(10);
  expect(second).toEqual(upTo(41).slice(10));
});

test("little that was heard is acknowledged after 20 ms, counted anew after each acknowledgement", () => {
  const { sender, clock, flush, join, say } = sending();
  const carried = join(0);
  const hear = () => {
    sender.heard(100);
    sender.heardAll();
  };
  const wait = (ms: number) => {
    clock.advance(ms);
    flush();
  };
  hear();
  wait(12);
  say(1);
  flush();
  expect(carried).toEqual([ACK, 1]); // with what leaves anyway
  hear();
  wait(12);
  hear();
  wait(7);
  expect(carried).toEqual([ACK, 1]);
  wait(1);
  expect(carried).toEqual([ACK, 1, ACK]);
  wait(100);
  expect(carried).toEqual([ACK, 1, ACK]);
});
