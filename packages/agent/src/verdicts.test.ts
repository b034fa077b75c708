import { expect, test } from "vitest";
import { ACCEPTED, Verdicts, type Verdict } from "./verdicts.ts";

const later: Verdict = { refused: "overloaded", message: "no room" };
const never: Verdict = { refused: "host_taken", message: "held by x" };

function told(verdicts: Verdicts) {
  const all: (Verdict | undefined)[] = [];
  verdicts.onVerdict((_key, verdict) => all.push(verdict));
  return all;
}

test.each([
  { name: "accepted by both", said: [ACCEPTED, ACCEPTED], worst: ACCEPTED },
  { name: "refused by one", said: [ACCEPTED, never], worst: never },
  { name: "refused by one for now", said: [later, ACCEPTED], worst: later },
  { name: "refused for good and for now", said: [never, later], worst: never },
])("of several gateways the worst word counts: $name", ({ said, worst }) => {
  const verdicts = new Verdicts();
  for (const verdict of said) verdicts.say({}, "k", verdict);
  expect(verdicts.get("k")).toEqual(worst);
});

test("what a gateway said goes with it", () => {
  const verdicts = new Verdicts();
  const all = told(verdicts);
  const [one, other] = [{}, {}];
  verdicts.say(one, "k", ACCEPTED);
  verdicts.say(other, "k", never);
  verdicts.leave(other);
  verdicts.leave(one);
  expect(all).toEqual([ACCEPTED, never, ACCEPTED, undefined]);
});

test("an equal word is no news, but for a route that has changed", () => {
  const verdicts = new Verdicts();
  const all = told(verdicts);
  const gateway = {};
  verdicts.say(gateway, "k", never);
  verdicts.say(gateway, "k", { ...never });
  verdicts.await("k");
  verdicts.say(gateway, "k", never);
  expect(all).toEqual([never, never]);
});

test("nothing is known any more when another agent asks", () => {
  const verdicts = new Verdicts();
  const all = told(verdicts);
  verdicts.say({}, "k", ACCEPTED);
  verdicts.clear();
  expect(all).toEqual([ACCEPTED, undefined]);
  expect(verdicts.get("k")).toBeUndefined();
});

test("while a route is refused each gateway's new word is heard, once", () => {
  const verdicts = new Verdicts();
  const all = told(verdicts);
  const [one, other] = [{}, {}];
  verdicts.say(one, "k", never);
  for (let again = 0; again < 2; again++) verdicts.say(other, "k", never);
  verdicts.say(other, "k", ACCEPTED);
  expect(all).toEqual([never, never, never]);
});

test("a word counts where the same gateway takes one of the others", () => {
  const verdicts = new Verdicts();
  const [one, other] = [{}, {}];
  verdicts.say(one, "shut", never);
  verdicts.say(other, "shut", ACCEPTED);
  verdicts.say(other, "open", ACCEPTED);
  expect(verdicts.whereAccepted("shut", ["open", "gone"])).toEqual(ACCEPTED);
  verdicts.say(one, "open", later);
  verdicts.say(other, "shut", later);
  expect(verdicts.whereAccepted("shut", ["open"])).toEqual(later);
  verdicts.say(one, "open", ACCEPTED);
  expect(verdicts.whereAccepted("shut", ["open"])).toEqual(never);
  expect(verdicts.whereAccepted("shut", [])).toBeUndefined();
});
