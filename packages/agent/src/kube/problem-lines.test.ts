import { recordingLog, virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { ProblemLines } from "./problem-lines.ts";

function written() {
  const log = recordingLog();
  const clock = virtualClock();
  const lines = new ProblemLines(log, clock);
  const say = (object: string, times: number) => {
    for (let n = 0; n < times; n++) lines.warn(object, "it has a problem", { object });
  };
  /** How many lines of which namespace; of those left out, how many they are. */
  const seen = () =>
    log.lines
      .splice(0)
      .map(({ fields }) => fields["object"] ?? [fields["namespace"], fields["lines_left_out"]]);
  return { clock, lines, say, seen };
}

test("of one namespace are 50 in a minute, then how many more there were, and others have theirs", () => {
  const { clock, say, seen } = written();
  say("evil/web", 30);
  say("evil/api Ingress", 7_000);
  say("shop/web", 50);
  expect(seen()).toEqual([
    ...Array(30).fill("evil/web"),
    ...Array(20).fill("evil/api Ingress"),
    ...Array(50).fill("shop/web"),
  ]);
  clock.advance(60_000);
  expect(seen()).toEqual([["evil", 6_980]]);
  say("evil/web", 1);
  expect(seen()).toEqual(["evil/web"]);
  clock.advance(60_000);
  expect([seen(), clock.pending]).toEqual([[], 0]);
});

test("what was left out is said at the end, too", () => {
  const { clock, lines, say, seen } = written();
  say("evil/web", 51);
  lines[Symbol.dispose]();
  expect(seen().at(-1)).toEqual(["evil", 1]);
  expect(clock.pending).toBe(0);
});
