import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { StandIn } from "./stand-in.ts";

/** A gateway that has `revision`, and an agent that knows of `known`. */
function stage(known: number | undefined, revision: number | null | undefined) {
  const clock = virtualClock();
  const voice = { speaks: false, known };
  const gateway = { revision, takes: true };
  const said: number[] = [];
  const asked: number[] = [];
  const standing: boolean[] = [];
  const standIn: StandIn = new StandIn({
    voice,
    clock,
    random: () => 0.5,
    ask: () => {
      asked.push(clock.now());
      standIn.heard(gateway.revision);
    },
    say: (given) => {
      said.push(given);
      if (gateway.takes) gateway.revision = given;
    },
    onChange: (is) => standing.push(is),
  });
  standIn.heard(gateway.revision);
  return { clock, voice, gateway, said, asked, standing, standIn };
}

describe("an agent that does not speak for its cluster", () => {
  test("says what the one that does had said to a gateway that knows nothing, a second later", () => {
    const { clock, said, standing } = stage(70, null);
    clock.advance(999);
    expect(said).toEqual([]);
    clock.advance(1);
    expect(said).toEqual([70]);
    expect(standing).toEqual([true]);
  });

  test("looks once a second whether it knows what to say, without a message", () => {
    const { clock, voice, said, asked } = stage(undefined, null);
    clock.advance(100_000);
    expect(asked).toEqual([]);
    voice.known = 70;
    clock.advance(2_000);
    expect([said, asked.length]).toEqual([[70], 2]);
  });

  test("asks twice when the one that speaks has been heard meanwhile, and has gone on", () => {
    const { clock, gateway, said, voice } = stage(70, 60);
    gateway.revision = 70;
    voice.known = 71;
    clock.advance(5_000);
    expect(said).toEqual([]);
    gateway.revision = 71;
    clock.advance(120_000);
    expect(said).toEqual([]);
  });

  test("says nothing when the one that does comes first", () => {
    const { clock, gateway, said } = stage(70, null);
    clock.advance(500);
    gateway.revision = 71;
    clock.advance(120_000);
    expect(said).toEqual([]);
  });

  test("stands in for one that a gateway hears no more, until it hears it again", () => {
    const { clock, gateway, said, standing, voice } = stage(70, 60);
    clock.advance(5_000);
    expect(said).toEqual([70]);
    voice.known = 74;
    clock.advance(5_000);
    expect(said).toEqual([70, 74]);
    gateway.revision = 75;
    voice.known = 75;
    clock.advance(60_000);
    expect(standing).toEqual([true, false]);
    expect(said).toEqual([70, 74]);
  });

  test.each([
    { name: "that is of an older release", known: 70, revision: undefined },
    { name: "that knows more than it does", known: 70, revision: 71 },
    { name: "while it knows nothing itself", known: undefined, revision: null },
  ])("says nothing to a gateway $name", ({ known, revision }) => {
    const { clock, said } = stage(known, revision);
    clock.advance(120_000);
    expect(said).toEqual([]);
  });

  test("asks a gateway that takes nothing ever more slowly", () => {
    const { clock, gateway, said } = stage(70, null);
    gateway.takes = false;
    clock.advance(600_000);
    expect(said.length).toBeGreaterThan(8);
    expect(said.length).toBeLessThan(16);
  });

  test("asks a gateway that has heard it now and then, and at once when there is something newer", () => {
    const { clock, voice, said, asked } = stage(70, null);
    clock.advance(600_000);
    expect(said).toEqual([70]);
    expect(asked.length).toBeLessThan(13);
    voice.known = 71;
    clock.advance(1_000);
    expect(said).toEqual([70, 71]);
  });

  test("says nothing any more once it speaks itself, or its tunnel is down", () => {
    const [one, other] = [stage(70, null), stage(70, null)];
    one.voice.speaks = true;
    other.standIn.stop();
    for (const { clock, said } of [one, other]) {
      clock.advance(120_000);
      expect(said).toEqual([]);
    }
  });
});
