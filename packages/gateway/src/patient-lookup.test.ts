import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import type { Claim, RouteAnswer } from "./ports.ts";
import { PatientLookup, ROUTES_APPLIED } from "./patient-lookup.ts";
import { WaitingRoom } from "./tunnels/waiting-room.ts";

const UNKNOWN: RouteAnswer = { refused: "no_route", message: "" };
const FOUND = { found: { entries: [], host: "a.test" } } as unknown as RouteAnswer;
const asked = (host: string) => ({
  host,
  method: "GET",
  target: "/",
  field: () => undefined,
  secure: false,
});

async function restarted(claimed: string[]) {
  const clock = virtualClock();
  const room = new WaitingRoom(clock, { most: 10, perCluster: 2 });
  const registry = {
    answer: UNKNOWN,
    lookup: () => registry.answer,
    claims: async () => claimed.map((host) => ({ host, group: host }) as Claim),
  };
  const lookup = await PatientLookup.open({
    registry,
    clock,
    room,
    flapMs: 5_000,
    warmUpMs: 60_000,
  });
  return { clock, room, registry, lookup };
}
const turns = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

test("after a restart a claimed host waits for its routes", async () => {
  const { room, registry, lookup } = await restarted(["*.test"]);
  const answer = lookup.lookup(asked("a.test"));
  await turns();
  room.wake(ROUTES_APPLIED); // another cluster's
  await turns();
  registry.answer = FOUND;
  room.wake(ROUTES_APPLIED);
  expect(await answer).toBe(FOUND);
});

test("one group's hosts leave room for those who wait for another's", async () => {
  const { clock, room, lookup } = await restarted(["*.bad.test", "b.test"]);
  const flood = Array.from({ length: 9 }, (_, n) => lookup.lookup(asked(`h${n}.bad.test`)));
  const honest = lookup.lookup(asked("b.test"));
  await turns();
  expect(room.count).toBe(3);
  clock.advance(5_000);
  expect(await Promise.all([...flood, honest])).toHaveLength(10);
});

test.each([
  { name: "a host that nobody claimed is unknown at once", host: "b.org", ms: 0 },
  {
    name: "a claimed one that nobody publishes is unknown after the wait",
    host: "a.test",
    ms: 5e3,
  },
])("$name", async ({ host, ms }) => {
  const { clock, lookup } = await restarted(["*.test"]);
  let answer: RouteAnswer | undefined;
  void Promise.resolve(lookup.lookup(asked(host))).then((said) => (answer = said));
  await turns();
  if (ms > 0) expect(answer).toBeUndefined();
  clock.advance(ms);
  await turns();
  expect(answer).toBe(UNKNOWN);
});

test("once warm, nothing waits, and nothing is even a promise", async () => {
  const { clock, lookup } = await restarted(["*.test"]);
  clock.advance(60_000);
  expect(await lookup.lookup(asked("a.test"))).toBe(UNKNOWN);
  expect(lookup.lookup(asked("a.test"))).toBe(UNKNOWN);
});
