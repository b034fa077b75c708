import { FLOOR_BYTES } from "@warren/wire";
import { describe, expect, test } from "vitest";
import type { Stream } from "../src/index.ts";
import { ManualClock, Recorder, TunnelPair } from "../src/testing/index.ts";

function leftover() {
  const clock = new ManualClock();
  const owner = new Recorder();
  let other: Stream | undefined;
  const pair = new TunnelPair({
    clock,
    onStream(accepted) {
      other = accepted;
      accepted.owner = owner;
    },
  });
  const stream = pair.dialler.open(new Uint8Array(1), false, new Recorder());
  stream.write(new Uint8Array(100_000), false);
  pair.settle();
  owner.consuming = false;
  stream.write(new Uint8Array(100_000), true);
  pair.settle();
  other!.end();
  pair.settle();
  expect(owner.ended).toBe(true);
  expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  const held = () => pair.acceptor.pool.lentBytes;
  expect(held()).toBe(owner.unconsumed - FLOOR_BYTES);
  return { clock, owner, stream: other!, held };
}

describe("credit of a stream that ended while its consumer still holds its bytes", () => {
  test("stays borrowed until they have left", () => {
    const { owner, stream, held } = leftover();
    const before = held();
    stream.consumed(10_000);
    expect(held()).toBe(before - 10_000);
    owner.unconsumed -= 10_000;
    owner.catchUp();
    expect(held()).toBe(0);
  });

  test("goes back when nobody reports on them any more", () => {
    const { clock, held } = leftover();
    clock.advance(119_000);
    expect(held()).toBe(0);
  });
});
