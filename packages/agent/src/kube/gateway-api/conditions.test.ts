import { describe, expect, test } from "vitest";
import { mergeConditions, no, yes } from "./conditions.ts";
import { durationMs } from "./duration.ts";
import { classConditions, supportedFeatures } from "./gateway-class.ts";
import { hostPattern, intersection, servedHosts } from "./hostnames.ts";
import { gatewayClass } from "./_kit.ts";
import type { Condition } from "./objects.ts";

const OLD = "2020-01-01T00:00:00Z";
const when = { generation: 3, now: "2024-02-02T00:00:00Z" };
const was = (type: string, status: Condition["status"], observedGeneration = 2): Condition => ({
  type,
  status,
  reason: "Old",
  message: "old",
  observedGeneration,
  lastTransitionTime: OLD,
});
const merge = (before: Condition[], ...said: Parameters<typeof mergeConditions>[1][number][]) =>
  mergeConditions(before, said, { owned: ["Accepted", "Programmed"], when });

describe("conditions", () => {
  test("keep their time while their status is the same, whatever else changes", () => {
    const [one] = merge([was("Accepted", "True")], yes("Accepted", "New", "new"));
    expect(one).toEqual({
      type: "Accepted",
      status: "True",
      reason: "New",
      message: "new",
      observedGeneration: 3,
      lastTransitionTime: OLD,
    });
  });

  test("take the time of the change of their status", () => {
    const [one] = merge([was("Accepted", "True")], no("Accepted", "X", ""));
    expect(one?.lastTransitionTime).toBe(when.now);
  });

  test("of others stay in their place; ours that are said no more go", () => {
    const theirs = was("example.net/Other", "False");
    const before = [was("Programmed", "True"), theirs, was("Accepted", "True")];
    const after = merge(before, yes("Accepted", "A", ""), yes("New", "N", ""));
    expect(after.map(({ type }) => type)).toEqual(["example.net/Other", "Accepted", "New"]);
    expect(after[0]).toBe(theirs);
  });

  test("that observed a later generation are left to who saw it", () => {
    const later = was("Accepted", "True", 4);
    expect(merge([later], no("Accepted", "X", ""))).toEqual([later]);
  });

  test("said twice are the same", () => {
    const once = merge([], yes("Accepted", "A", "a"), no("Programmed", "P", "p"));
    expect(merge(once, yes("Accepted", "A", "a"), no("Programmed", "P", "p"))).toEqual(once);
  });

  test("have messages that the API server takes", () => {
    expect(merge([], no("Accepted", "X", "m".repeat(99_999)))[0]?.message).toHaveLength(32_768);
  });
});

test.each([
  { one: "a.b", other: "a.b", want: "a.b" },
  { one: "*.b", other: "a.b", want: "a.b" },
  { one: "*.b", other: "x.a.b", want: "x.a.b" },
  { one: "*.b", other: "*.a.b", want: "*.a.b" },
  { one: "*.b", other: "b", want: undefined },
  { one: "*.b", other: "ab", want: undefined },
  { one: "*.b", other: "*.b", want: "*.b" },
  { one: "*.a.b", other: "a.b", want: undefined },
  { one: "a.b", other: "c.b", want: undefined },
])("$one and $other have $want in common, either way", ({ one, other, want }) => {
  expect(intersection(one, other)).toBe(want);
  expect(intersection(other, one)).toBe(want);
});

test("hosts are served without regard to case, and every host is one of them", () => {
  expect(servedHosts("*.B.test", ["A.b.TEST", "x"])).toEqual(["a.b.test"]);
  expect(servedHosts(undefined, [])).toEqual([]);
  expect(servedHosts("", ["a"])).toEqual(["a"]);
  expect(hostPattern("*.a.b")).toBe("**.a.b");
});

test.each([
  { text: "10s", want: 10_000 },
  { text: "1h5m", want: 3_900_000 },
  { text: "1h30m30s500ms", want: 5_430_500 },
  { text: "0s", want: 0 },
  { text: "1s1s", want: 2_000 },
  ...["", "10", "s", "1.5s", "-1s", "1d", "100000s", "1s1s1s1s1s", " 1s"].map((text) => ({
    text,
    want: undefined,
  })),
])("the duration $text is $want ms", ({ text, want }) => {
  expect(durationMs(text)).toBe(want);
});

test.each([
  { version: "v1.0.0", known: "True SupportedVersion", says: false },
  { version: "v1.4.1", known: "True SupportedVersion", says: true },
  { version: "v1.7.0", known: "True SupportedVersion", says: true },
  { version: "v1.8.0-rc.1", known: "False UnsupportedVersion", says: true },
  { version: "v2.0.0", known: "False UnsupportedVersion", says: false },
  { version: undefined, known: "False UnsupportedVersion", says: false },
])("a class among CRDs of $version: $known", ({ version, known, says }) => {
  const [accepted, supported] = classConditions(gatewayClass(), version);
  expect(accepted?.status).toBe("True");
  expect(`${supported?.status} ${supported?.reason}`).toBe(known);
  expect(supportedFeatures(version) !== undefined).toBe(says);
});

test("a class with parameters is not accepted", () => {
  const parametersRef = { group: "x", kind: "Y", name: "z" };
  const [accepted] = classConditions(gatewayClass({ parametersRef }), "v1.7.0");
  expect(accepted).toMatchObject({ status: "False", reason: "InvalidParameters" });
});
