import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import type { Stream, Tunnel } from "../src/index.ts";
import { House, ManualClock, Recorder, TunnelPair } from "../src/testing/index.ts";
import { bytes, expectNothing, finish, GONE } from "./_leaks.ts";

/**
 * Streams that end in every phase and in every way, and what is left of them: nothing. Neither in
 * what tunnels count, nor as objects that anything still holds.
 */
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** One stream, both ends of it, and who hears them. */
class Victim {
  readonly pair: TunnelPair;
  readonly ours = new Recorder();
  readonly theirs = new Recorder();
  readonly stream: Stream;
  accepted: Stream | undefined;

  constructor(pair: TunnelPair, opener: Tunnel, accepts: { next: Victim | undefined }) {
    this.pair = pair;
    accepts.next = this;
    this.stream = opener.open(bytes(20), false, this.ours);
  }
}

function scene() {
  const clock = new ManualClock();
  const accepts: { next: Victim | undefined } = { next: undefined };
  const pair = new TunnelPair({
    clock,
    poolBytes: 1_048_576,
    onStream: (stream) => {
      const victim = accepts.next!;
      victim.accepted = stream;
      stream.owner = victim.theirs;
    },
  });
  return { accepts, clock, pair, victim: new Victim(pair, pair.acceptor, accepts) };
}
type Scene = ReturnType<typeof scene>;

/** Some of what is under way arrives. */
const arrive = ({ pair }: Scene, steps = Infinity): void => pair.settle(steps);

function answered(at: Scene): void {
  arrive(at);
  at.victim.accepted!.head(bytes(50), false);
  arrive(at);
}
function flowing(at: Scene): void {
  answered(at);
  for (let n = 0; n < 10; n++) {
    at.victim.stream.write(bytes(40_000), false);
    at.victim.accepted!.write(bytes(40_000), false);
    at.clock.advance(10);
    arrive(at, 3);
  }
}

const PHASES: { phase: string; reach: (at: Scene) => void }[] = [
  { phase: "its opening is queued", reach: () => {} },
  { phase: "its opening was sent", reach: (at) => arrive(at, 1) },
  { phase: "its opening has arrived", reach: (at) => arrive(at) },
  { phase: "its head has arrived", reach: answered },
  { phase: "bytes go both ways", reach: flowing },
  {
    phase: "both consumers have stalled",
    reach: (at) => {
      answered(at);
      at.victim.ours.consuming = at.victim.theirs.consuming = false;
      flowing(at);
      arrive(at);
    },
  },
  {
    phase: "one consumer stalled with more than its floor",
    reach: (at) => {
      flowing(at);
      at.victim.ours.consuming = false;
      for (let n = 0; n < 5; n++) at.victim.accepted!.write(bytes(200_000), false);
      arrive(at);
    },
  },
  {
    phase: "its opener's direction has ended",
    reach: (at) => {
      flowing(at);
      at.victim.stream.end();
      arrive(at, 2);
    },
  },
  {
    phase: "its acceptor's direction has ended, unread",
    reach: (at) => {
      flowing(at);
      at.victim.ours.consuming = false;
      at.victim.accepted!.write(bytes(100_000), true);
      arrive(at);
    },
  },
  {
    phase: "its credit was given back",
    reach: (at) => {
      flowing(at);
      for (let n = 0; n < 3; n++) {
        arrive(at);
        at.clock.advance(5_000);
      }
      arrive(at, 1);
    },
  },
  {
    phase: "its opener has stopped the answer",
    reach: (at) => {
      flowing(at);
      at.victim.stream.stop();
      arrive(at, 1);
    },
  },
  {
    phase: "a block is half there",
    reach: (at) => {
      flowing(at);
      at.victim.accepted!.trailers(bytes(60_000));
      arrive(at, 1);
    },
  },
];

const resetBoth = ({ victim }: Scene): void => {
  victim.stream.reset(GONE);
  victim.accepted?.reset(GONE);
};
const KILLS: { kill: string; does: (at: Scene) => void }[] = [
  { kill: "its opener resets it", does: ({ victim }) => victim.stream.reset(GONE) },
  {
    kill: "its acceptor resets it",
    // Before it has accepted, nobody but the opener can.
    does: ({ victim }) => (victim.accepted ?? victim.stream).reset(GONE),
  },
  { kill: "both reset it and that crosses", does: resetBoth },
  {
    kill: "its opener resets it, and the transport with that is lost",
    does: (at) => {
      at.victim.stream.reset(GONE);
      arrive(at, 1);
      at.pair.flap();
    },
  },
  {
    kill: "both reset it in an outage",
    does: (at) => {
      at.pair.pipe.cut();
      at.clock.advance(20_000);
      resetBoth(at);
      at.clock.advance(20_000);
      at.pair.join();
    },
  },
  {
    kill: "the transport is lost, lost again while that is made up for, and then it is reset",
    does: (at) => {
      at.pair.flap();
      arrive(at, 1);
      at.pair.flap();
      arrive(at, 2);
      resetBoth(at);
    },
  },
  {
    kill: "what never left is refused in an outage",
    does: (at) => {
      at.pair.pipe.cut();
      for (const tunnel of [at.pair.acceptor, at.pair.dialler]) tunnel.refuseUndeparted();
      resetBoth(at);
      at.pair.join();
    },
  },
  {
    kill: "both stop and end it",
    does: (at) => {
      const { victim } = at;
      victim.stream.stop();
      victim.stream.end();
      arrive(at);
      victim.accepted?.stop();
      victim.accepted?.end();
      // Somebody may have stopped what neither end has said yet.
      arrive(at);
      resetBoth(at);
    },
  },
];

/** Kills a stream and forgets it; what a tunnel still holds of it can be asked of the references. */
function killed(reach: (at: Scene) => void, does: (at: Scene) => void) {
  const at = scene();
  reach(at);
  does(at);
  finish(at);
  const { accepts, pair, clock, victim } = at;
  accepts.next = undefined;
  const held = [victim.stream, victim.accepted, victim.ours, victim.theirs];
  return {
    pair,
    clock,
    refs: held.filter((one) => one !== undefined).map((one) => new WeakRef(one)),
  };
}

describe.each(PHASES)("a stream that ends when $phase", ({ reach }) => {
  test.each(KILLS)("leaves nothing: $kill", async ({ does }) => {
    const { pair, clock, refs } = killed(reach, does);
    // A reference is followed until its turn of the event loop is over.
    await new Promise<void>((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
    expectNothing(pair, clock);
  });

  test("leaves nothing: its tunnel fails", () => {
    const at = scene();
    reach(at);
    const { pair, clock, victim } = at;
    for (const tunnel of [pair.dialler, pair.acceptor]) tunnel.fail(GONE);
    expect(victim.ours.error?.code).toBe("cancelled");
    victim.ours.catchUp();
    victim.theirs.catchUp();
    pair.settle();
    for (const { pool } of [pair.dialler, pair.acceptor])
      expect([pool.lentBytes, pool.queued.takenBytes, pool.kept.takenBytes]).toEqual([0, 0, 0]);
    expect(clock.pending).toBe(0);
  });
});

test("an ended stream whose consumer never reports keeps its part for two minutes at most", () => {
  const at = scene();
  flowing(at);
  arrive(at);
  at.victim.ours.consuming = false;
  at.victim.accepted!.write(bytes(60_000), true);
  at.victim.stream.end();
  finish(at);
  const { pair, clock } = at;
  expect([pair.acceptor.streams, pair.dialler.streams]).toEqual([0, 0]);
  expect(pair.acceptor.pool.lentBytes).toBeGreaterThan(0);
  clock.advance(120_000);
  expectNothing(pair, clock);
});

test("after a drain and all ends a gateway and an agent hold no timer and no tunnel", async () => {
  const house = new House();
  house.onStream = () => {};
  const { dialler, heard } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  const [one] = [...house.acceptor.associations()];
  const open = () => one!.tunnel.open(bytes(20), false, new Recorder());
  const streams = Array.from({ length: 20 }, open);
  await house.pass(100);
  house.acceptor.drain(30_000);
  await house.pass(100);
  // As an agent does: it resumes what it has, and comes back for nothing else.
  dialler.retire();
  streams.push(open());
  for (const [n, stream] of streams.entries()) {
    if (n % 7 === 3) house.cutAll();
    stream.reset(GONE);
    await house.pass(400);
  }
  await house.pass(1_000);
  expect(one!.tunnel.stats()).toMatchObject({ streams: 0, lentBytes: 0, replayBytes: 0 });
  house.acceptor.close(new WireError("draining", "over"));
  await house.pass(1_000);
  expect(heard.at(-1)).toBe("retired");
  expect([...house.acceptor.associations()]).toEqual([]);
  expect(house.clock.pending).toBe(0);
});
