import { expect, test } from "vitest";
import { isShared, scopeNote, type Scope } from "./scope.ts";

const scope = (className: string, namespaces?: string[]): Scope => ({
  className,
  gatewayController: `warren.dev/gateway-${className}`,
  namespaces,
});

test.each([
  { name: "of the same class", mine: scope("a"), theirs: scope("a"), is: true },
  { name: "of another class", mine: scope("a"), theirs: scope("b"), is: false },
  { name: "of one namespace of all", mine: scope("a"), theirs: scope("a", ["x"]), is: true },
  { name: "of another namespace", mine: scope("a", ["y"]), theirs: scope("a", ["x"]), is: false },
  {
    name: "of another class, with the same GatewayClasses",
    mine: scope("a"),
    theirs: { ...scope("b"), gatewayController: "warren.dev/gateway-a" },
    is: true,
  },
])("agents $name write into the same statuses: $is", ({ mine, theirs, is }) => {
  expect(isShared({ ...scopeNote(theirs) }, mine)).toBe(is);
});

test.each([
  undefined,
  "?",
  "null",
  "[]",
  "{}",
  '{"className":"a","gatewayController":"b","namespaces":"x"}',
])("of a Lease that does not say it is not known: %s", (said) => {
  const annotations = said === undefined ? {} : { "warren.dev/serves": said };
  expect(isShared(annotations, scope("a"))).toBe(undefined);
});
