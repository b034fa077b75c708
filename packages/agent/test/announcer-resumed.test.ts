import { describe, expect, test } from "vitest";
import { hosts, joined, publication } from "./_announcer-kit.ts";

/** Answered, cut off, and resumed by a gateway that has this revision. */
function resumed(revision: (said: number) => number | null | undefined) {
  const kit = joined();
  kit.published.replace("config", [publication({})]);
  kit.up();
  kit.ack(0, { accepted: 1, rejected: [] });
  kit.clock.advance(60_000);
  kit.down();
  kit.link.up = true;
  kit.announcer.up(true);
  kit.announcer.heard(revision(kit.said[0]!.payload.revision!));
  return kit;
}

describe("an announcer", () => {
  test.each([
    { name: "that lost everything", revision: () => null },
    { name: "that missed something", revision: (said: number) => said - 1 },
  ])("says everything at once to a gateway $name before a resume", ({ revision }) => {
    const { announcer, said } = resumed(revision);
    expect(said.map(hosts)).toEqual([["a.test"], ["a.test"]]);
    // Once: what comes later is an answer to what was said since.
    announcer.heard(null);
    expect(said).toHaveLength(2);
  });

  test.each([
    { name: "has what it had", revision: (said: number) => said },
    { name: "heard more by another gateway", revision: (said: number) => said + 1 },
    { name: "does not say what it has", revision: () => undefined },
  ])("says everything within a minute of a resume to a gateway that $name", ({ revision }) => {
    const { clock, said } = resumed(revision);
    expect(said).toHaveLength(1);
    clock.advance(30_000);
    expect(said.map(hosts)).toEqual([["a.test"], ["a.test"]]);
    clock.advance(9_999);
    expect(said).toHaveLength(2);
  });

  test("to a gateway whose uplink flaps it says everything no less often, and not with each flap", () => {
    const { announcer, clock, down, link, said, ack } = resumed((revision) => revision);
    for (let flap = 0; flap < 60; flap++) {
      clock.advance(3_000);
      for (let at = 1; at < said.length; at++) ack(at, { accepted: 1, rejected: [] });
      down();
      link.up = true;
      announcer.up(true);
      announcer.heard(said[0]!.payload.revision);
    }
    // Three minutes, and the snapshot before them.
    expect(said).toHaveLength(4);
  });

  test("to a gateway whose uplink is up for moments it says everything within a minute of them", () => {
    const { announcer, clock, down, link, said } = resumed((revision) => revision);
    for (let flap = 0; flap < 5; flap++) {
      clock.advance(5_000);
      down();
      clock.advance(60_000);
      link.up = true;
      announcer.up(true);
      announcer.heard(said[0]!.payload.revision);
    }
    clock.advance(4_999);
    expect(said).toHaveLength(1);
    clock.advance(1);
    expect(said.map(hosts)).toEqual([["a.test"], ["a.test"]]);
  });
});
