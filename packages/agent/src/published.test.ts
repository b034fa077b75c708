import { Route, type RouteInput } from "@warren/wire";
import * as v from "valibot";
import { expect, test } from "vitest";
import { Published, type Publication, type PublishedChange } from "./published.ts";
import { createTarget } from "./target.ts";
import { clockVoice } from "./voice.ts";

function publication(given: Partial<RouteInput>, port = 80): Publication {
  const route = v.parse(Route, { host: "a.test", service: "s", port: 80, ...given });
  return { route, targets: [createTarget({ host: "127.0.0.1", port })] };
}

test("a source replaces its own entries and no others", () => {
  const published = new Published(clockVoice(() => 1));
  published.replace("config", [publication({}), publication({ host: "b.test" })]);
  published.replace("kubernetes", [publication({ host: "c.test" })]);
  published.replace("config", [publication({ host: "b.test" })]);
  expect([...published.routes()].map(({ host }) => host)).toEqual(["b.test", "c.test"]);
});

test("a key that another source holds is not taken", () => {
  const published = new Published(clockVoice(() => 1));
  published.replace("config", [publication({}, 1)]);
  expect(published.replace("kubernetes", [publication({}, 2)])).toEqual([
    "default/s a.test Prefix /",
  ]);
  published.replace("kubernetes", []);
  expect(published.get("default/s a.test Prefix /")?.targets[0]?.port).toBe(1);
});

test("a target that moves is in force at once, and no gateway hears of it", () => {
  const published = new Published(clockVoice(() => 1));
  published.replace("config", [publication({}, 1)]);
  const changes: PublishedChange[] = [];
  published.onChange((change) => void changes.push(change));
  published.replace("config", [publication({}, 2)]);
  expect(published.get("default/s a.test Prefix /")?.targets[0]?.port).toBe(2);
  expect(changes).toEqual([]);
});

test("revisions follow the wall clock, and grow also when it is set back", () => {
  let now = 5_000;
  const published = new Published(clockVoice(() => now));
  const revisions: number[] = [];
  published.onChange(({ revision }) => void revisions.push(revision));
  for (const [at, host] of [
    [6_000, "a.test"],
    [4_000, "b.test"],
    [7_000, "c.test"],
  ] as const) {
    now = at;
    published.change("config", [publication({ host })], []);
  }
  expect(revisions).toEqual([6_000, 6_001, 7_000]);
});

test("a publication needs a target for each backend", () => {
  const published = new Published(clockVoice(() => 1));
  const backends = [
    { service: "a", port: 1 },
    { service: "b", port: 2 },
  ];
  expect(() => published.replace("config", [publication({ backends })])).toThrow("1 targets");
});
