import * as v from "valibot";
import { expect, test } from "vitest";
import { Route } from "../src/index.ts";

const base = { host: "a.test", service: "web", port: 80 };

test.each([
  { name: "none is none", said: {}, want: undefined },
  { name: "one that is known is itself", said: { controller: "paths" }, want: "paths" },
  { name: "expressions are", said: { controller: "expressions" }, want: "expressions" },
  {
    name: "one of a later release is by character",
    said: { controller: "words" },
    want: "characters",
  },
])("how a route's controller reads paths: $name", ({ said, want }) => {
  expect(v.parse(Route, { ...base, ...said }).controller).toBe(want);
});
