import { expect, test } from "vitest";
import { spareOf, type Unused } from "./spare-claims.ts";

const DAY = 86_400_000;
const NOW = 10 * DAY;

function unused(name: string, agoMs: number, given: Partial<Unused> = {}) {
  const whose = { clusterUuid: "c1", namespace: name.slice(0, -1), withdrawn: true };
  return { name, since: NOW - agoMs, ...whose, ...given };
}
const away = (name: string, agoMs: number) => unused(name, agoMs, { withdrawn: false });
const minutes = (count: number) => count * 60_000;

test.each([
  {
    name: "the oldest goes first",
    all: [unused("a1", minutes(5)), unused("a2", minutes(9)), unused("a3", minutes(7))],
    want: ["a2", "a3", "a1"],
  },
  {
    name: "of one time the one that was told first goes first",
    all: [unused("a1", minutes(5)), unused("a2", minutes(5))],
    want: ["a1", "a2"],
  },
  {
    name: "the namespace that has most gives until it has no more than the next",
    all: [
      unused("shop1", minutes(90)),
      unused("evil1", minutes(4)),
      unused("evil2", minutes(3)),
      unused("evil3", minutes(2)),
    ],
    want: ["evil1", "evil2", "shop1", "evil3"],
  },
  {
    name: "namespaces of one name in two clusters are two",
    all: [
      unused("a1", minutes(9)),
      unused("a2", minutes(8), { clusterUuid: "c2" }),
      unused("a3", minutes(7), { clusterUuid: "c2" }),
    ],
    want: ["a2", "a1", "a3"],
  },
  {
    name: "a namespace's newest are kept for a minute, a hundredth of what the group may hold",
    most: 200,
    all: [unused("a1", 4), unused("a2", 3), unused("a3", 2), unused("b1", minutes(1))],
    want: ["a1", "b1"],
  },
  {
    name: "what went with its cluster is kept for a day, and goes last",
    all: [away("a1", 2 * DAY), away("a2", 3 * DAY), away("a3", DAY - 1), unused("b1", minutes(2))],
    want: ["b1", "a2", "a1"],
  },
])("$name", ({ all, most = 6, want }) => {
  expect(spareOf(all, { now: NOW, most }).map(({ name }) => name)).toEqual(want);
});
