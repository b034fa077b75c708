import { LIMITS } from "@warren/wire";
import fc from "fast-check";
import { test } from "vitest";
import type { Stream } from "../src/index.ts";
import { ManualClock, Recorder, TunnelPair } from "../src/testing/index.ts";
import { bytes, expectNothing, finish, GONE } from "./_leaks.ts";

/** Any order of anything, with outages in between, then an end by any means. A failure names its seed. */
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
