import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LIMITS, WireError } from "@warren/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Stream, Tunnel } from "../src/index.ts";
import { House, ManualClock, Recorder, TunnelPair } from "../src/testing/index.ts";

/**
 * Streams that end in every phase and in every way, and what is left of them: nothing. Neither in
 * what tunnels count, nor as objects that anything still holds.
 */
const GONE = new WireError("cancelled", "gone");
const bytes = (count: number) => new Uint8Array(count);

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

/** Nothing is under way, and nothing is held. */
function expectNothing(pair: TunnelPair, clock: ManualClock): void {
  for (const tunnel of [pair.dialler, pair.acceptor]) {
    const { pool } = tunnel;
    expect({ ...tunnel.stats(), kept: pool.kept.takenBytes, failed: tunnel.failed }).toMatchObject({
      streams: 0,
      lentBytes: 0,
      queuedBytes: 0,
      replayBytes: 0,
      inFlightBytes: 0,
      kept: 0,
      failed: undefined,
    });
  }
  expect(pair.errors).toEqual([]);
  // Each tunnel looks for idle credit, and nothing else.
  expect(clock.pending).toBe(2);
  for (const tunnel of [pair.dialler, pair.acceptor]) tunnel.fail(GONE);
  expect(clock.pending).toBe(0);
}

/** Acknowledgements may wait 20 ms. */
function finish({ pair, clock }: Pick<Scene, "pair" | "clock">): void {
  for (let n = 0; n < 3; n++) {
    pair.settle();
    clock.advance(50);
  }
}

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

// Any order of anything, then an end by any means.

type Step =
  | { do: "open"; side: 0 | 1 }
  | { do: "head" | "trailers" | "end" | "stop" | "reset"; stream: number; side: 0 | 1 }
  | { do: "write"; stream: number; side: 0 | 1; size: number }
  | { do: "stall"; stream: number; side: 0 | 1; on: boolean }
  | { do: "settle"; steps: number }
  | { do: "cut" | "join" | "refuse" }
  | { do: "wait"; ms: number };

const side = fc.constantFrom(0 as const, 1 as const);
const stream = fc.nat(7);
const on = <Kind extends string>(...kinds: Kind[]) =>
  fc.record({ do: fc.constantFrom(...kinds), stream, side });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("open" as const), side }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      stream,
      side,
      size: fc.oneof(fc.nat(50), fc.nat(40_000), fc.nat(200_000)),
    }),
  },
  { weight: 4, arbitrary: on("head", "trailers", "end", "stop", "reset") },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("stall" as const), stream, side, on: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("settle" as const), steps: fc.nat(6) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("cut", "join", "refuse") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(12_000) }) },
);

interface End {
  stream: Stream;
  heard: Recorder;
}

/** Streams of both sides under any steps. */
class Crowd {
  readonly clock = new ManualClock();
  readonly ends: [End, End | undefined][] = [];
  readonly pair: TunnelPair;

  constructor() {
    this.pair = new TunnelPair({
      clock: this.clock,
      poolBytes: 400_000,
      limits: LIMITS,
      onStream: (opened, opening) => {
        const heard = new Recorder();
        opened.owner = heard;
        this.ends[Number(String.fromCharCode(...opening))]![1] = { stream: opened, heard };
      },
    });
  }

  act(now: Step): void {
    const { pair } = this;
    const isCut = pair.pipe.left.closed;
    switch (now.do) {
      case "open":
        return this.#open(now.side);
      case "settle":
        return pair.settle(now.steps);
      case "wait":
        return this.clock.advance(now.ms);
      case "cut":
        return pair.pipe.cut();
      case "join":
        return isCut ? pair.join() : undefined;
      case "refuse":
        if (isCut) for (const one of [pair.dialler, pair.acceptor]) one.refuseUndeparted();
        return;
      default: {
        const end = this.ends[now.stream]?.[now.side];
        if (end !== undefined) touch(end, now, now.side);
      }
    }
  }

  #open(from: 0 | 1): void {
    const { acceptor, dialler } = this.pair;
    const heard = new Recorder();
    const name = Uint8Array.from(String(this.ends.length), (char) => char.charCodeAt(0));
    const both: [End, undefined] = [{ heard } as End, undefined];
    this.ends.push(both);
    both[0].stream = (from === 0 ? dialler : acceptor).open(name, false, heard);
  }

  /** All that is left is killed, by whoever `by` says; consumers that stalled say nothing more. */
  kill(by: (index: number) => 0 | 1 | "both"): void {
    for (const [index, both] of this.ends.entries())
      for (const at of [0, 1] as const)
        if (by(index) === at || by(index) === "both" || both[1] === undefined)
          both[at]?.stream.reset(GONE);
    if (this.pair.pipe.left.closed) this.pair.join();
    finish(this);
    // Whoever was killed before its opening was read is known to the other side only now.
    for (const both of this.ends) for (const end of both) end?.stream.reset(GONE);
    finish(this);
  }
}

type Touch = Exclude<Step, { do: "open" | "settle" | "wait" | "cut" | "join" | "refuse" }>;

function touch({ stream: one, heard }: End, now: Touch, at: 0 | 1): void {
  switch (now.do) {
    case "write":
      return void one.write(bytes(now.size), false);
    case "stall":
      if (now.on) heard.consuming = false;
      else heard.catchUp();
      return;
    case "head":
      // Only who accepted a stream answers on it.
      return at === 1 ? one.head(bytes(30), false) : undefined;
    case "trailers":
      return one.trailers(bytes(9_000));
    case "end":
      return one.end();
    case "stop":
      return one.stop();
    case "reset":
      return one.reset(GONE);
  }
}

test("whatever streams of both sides go through, their end leaves nothing", () => {
  const whoKills = fc.constantFrom(0 as const, 1 as const, "both" as const);
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 5, maxLength: 120, size: "max" }),
      fc.array(whoKills, { minLength: 1, maxLength: 8 }),
      (steps, killers) => {
        const crowd = new Crowd();
        crowd.act({ do: "open", side: 0 });
        crowd.act({ do: "open", side: 1 });
        for (const one of steps) crowd.act(one);
        crowd.kill((index) => killers[index % killers.length]!);
        // Ended streams whose consumers never report.
        crowd.clock.advance(120_000);
        expectNothing(crowd.pair, crowd.clock);
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);

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
