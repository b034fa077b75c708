import * as v from "valibot";
import { expect, test } from "vitest";
import { Route } from "./route.ts";
import { inTurns } from "./turns.ts";

const route = (namespace: string, service: string, age?: number) =>
  v.parse(Route, { host: "a.test", service, port: 80, namespace, ...(age && { age }) });
const ordered = (...all: Route[]) => inTurns(all, (one) => one).map(({ service }) => service);

test("namespaces take turns, each with its oldest first", () => {
  const many = [route("evil", "e3", 3), route("evil", "e1", 1), route("evil", "e2", 2)];
  expect(ordered(...many, route("shop", "s9", 9), route("shop", "s5", 5))).toEqual([
    "e1",
    "s5",
    "e2",
    "s9",
    "e3",
  ]);
});

test("what has no age comes first, and what is of one age stays in its order", () => {
  const all = [route("a", "z", 1), route("a", "y", 1), route("a", "config")];
  expect(ordered(...all)).toEqual(["config", "z", "y"]);
});
