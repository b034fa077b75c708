import { expect, test } from "vitest";
import { CONTROLLER_NAME } from "./_kit.ts";
import { policyAncestors } from "./policy-status.ts";
import { GROUP, type PolicyAncestorStatus } from "./objects.ts";

const WHEN = { generation: 3, now: "2024-02-02T00:00:00Z" };
const numbered = (count: number, name = "g") =>
  Array.from({ length: count }, (_one, n) => `${name}${String(n).padStart(2, "0")}`);

const entry = (name: string, controllerName = CONTROLLER_NAME): PolicyAncestorStatus => ({
  ancestorRef: { group: GROUP, kind: "Gateway", namespace: "infra", name },
  controllerName,
  conditions: [
    {
      type: "Accepted",
      status: "False",
      reason: "Invalid",
      message: "",
      lastTransitionTime: "2020-01-01T00:00:00Z",
    },
  ],
});
const theirs = (name: string) => entry(name, "example.net/other");

const become = (before: readonly PolicyAncestorStatus[], gateways: readonly string[]) =>
  policyAncestors(before, {
    gateways: new Set(gateways.map((name) => `infra/${name}`)),
    controllerName: CONTROLLER_NAME,
    when: WHEN,
  });
const names = (all: readonly PolicyAncestorStatus[]) =>
  all.map(({ ancestorRef, controllerName }) =>
    controllerName === CONTROLLER_NAME ? ancestorRef.name : `their ${ancestorRef.name}`,
  );

test.each([
  { name: "of no Gateway none are made", before: [], gateways: [], want: [] },
  { name: "new ones are in order", before: [], gateways: ["b", "a"], want: ["a", "b"] },
  {
    name: "others' stay in their places, also of a Gateway of ours",
    before: [theirs("a"), entry("b"), theirs("c")],
    gateways: ["a", "b"],
    want: ["their a", "b", "their c", "a"],
  },
  {
    name: "ours of Gateways that matter no more go, and doubled ones",
    before: [entry("a"), entry("b"), entry("b"), theirs("b")],
    gateways: ["b"],
    want: ["b", "their b"],
  },
  {
    name: "no more are made than the list has room for",
    before: [],
    gateways: numbered(20),
    want: numbered(16),
  },
  {
    name: "those that are there stay where there is no room for all",
    before: [entry("z"), ...numbered(14, "t").map(theirs)],
    gateways: ["a", "b", "z"],
    want: ["z", ...numbered(14, "t").map((one) => `their ${one}`), "a"],
  },
  {
    name: "a full list of others' is left as it is",
    before: numbered(16, "t").map(theirs),
    gateways: ["a"],
    want: numbered(16, "t").map((one) => `their ${one}`),
  },
])("$name", ({ before, gateways, want }) => {
  const made = become(before, gateways);
  expect(names(made)).toEqual(want);
  expect(names(become(made, gateways))).toEqual(want);
});

test("an entry observes the generation, and keeps its time while it says the same", () => {
  const [made] = become([entry("a")], ["a"]);
  expect(made!.conditions).toMatchObject([
    { observedGeneration: 3, lastTransitionTime: "2020-01-01T00:00:00Z" },
  ]);
});
