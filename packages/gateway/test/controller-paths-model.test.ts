/** Paths that are kept for a look-up, against all of them gone through one by one. */
import { matchingPath } from "@warren/http";
import { readExpression } from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Matched, RouteEntry } from "../src/ports.ts";
import { ControllerPaths } from "../src/routes/controller-paths.ts";
import { guardsTextOf, UNGUARDED } from "../src/routes/two-readings.ts";
import { asked, entry } from "./_routes-kit.ts";

const FOUND = entry({ path: "/", controller: "paths", ingress_name: "found" });
const GUARDS = [{}, { allow: ["10.0.0.0/8"] }, { allow: ["192.0.2.0/24"] }];

const isUnclear = ({ route }: RouteEntry) => readExpression(route.path).rest === "unknown";
const guards = (one: RouteEntry) => guardsTextOf(one.route);

/** Which route of `all` answers, or that nobody can tell. */
function settled(all: readonly RouteEntry[], path: string): RouteEntry | "unclear" {
  const sorted = all.toSorted(
    (a, b) =>
      b.route.path.length - a.route.path.length ||
      Number(isUnclear(b)) - Number(isUnclear(a)) ||
      (a.route.path < b.route.path ? -1 : 1),
  );
  let held: RouteEntry | undefined;
  for (const one of sorted) {
    const { front, rest } = readExpression(one.route.path);
    const begins = matchingPath(front).path.replaceAll(".", "[^]");
    const end = rest === "elements" ? "(/|$)" : "";
    if (!new RegExp(`^${begins}${end}`, "i").test(path)) continue;
    const isSure = rest !== "unknown";
    if (isSure && held === undefined) return guards(one) === guards(FOUND) ? FOUND : one;
    if (guards(one) !== UNGUARDED) {
      if (held !== undefined && guards(held) !== guards(one)) return "unclear";
      held ??= one;
    }
    if (isSure) break;
  }
  return held === undefined || guards(held) === guards(FOUND) ? FOUND : held;
}

const words = fc.constantFrom("a", "B", "ab", "a.b", ".", "ba");
const path = fc
  .tuple(
    fc.array(words, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "(/|$)(.*)", "(.*)", "(x)", "/?(.*)"),
  )
  .map(([all, tail]) => `/${all.join("/")}${tail}`);
const change = fc.record({
  path,
  guard: fc.constantFrom(0, 1, 2),
  isGone: fc.boolean(),
});

test("a look-up finds what going through all paths would find, whatever came and went", () => {
  const found: Matched = {
    entries: [FOUND],
    host: "a.test",
    policy: FOUND.route.policy,
    filters: undefined,
  };
  fc.assert(
    fc.property(fc.array(change, { maxLength: 24 }), fc.array(words), (changes, asking) => {
      const paths = new ControllerPaths();
      const there = new Map<string, RouteEntry>();
      const target = `/${asking.join("/")}`;
      for (const one of changes) {
        const policy = GUARDS[one.guard]!;
        const made = entry({ path: one.path, controller: "expressions", policy });
        if (one.isGone) paths.remove(made);
        else paths.put(made);
        if (one.isGone) there.delete(made.key);
        else there.set(made.key, made);
        const got = paths.settle(found, target, asked("a.test", target));
        expect(got?.entries[0] ?? "unclear").toBe(settled([...there.values()], target));
      }
    }),
    { numRuns: 2_000 },
  );
});
