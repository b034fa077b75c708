import { expect, test } from "vitest";
import { FRONT_DEFAULTS, FrontContext, type FrontDeps } from "../src/front/front-context.ts";

/** A context that keeps what it was told of bugs. */
function context() {
  const broke: unknown[] = [];
  const deps = { events: { broke: (_where: string, error: unknown) => broke.push(error) } };
  return { broke, context: new FrontContext(deps as unknown as FrontDeps, FRONT_DEFAULTS) };
}

test("one connection that throws when it is flushed costs neither the others nor later turns", async () => {
  const { broke, context: front } = context();
  const said: string[] = [];
  const good = (name: string) => ({
    flush: () => void said.push(name),
    destroy: () => void said.push(`${name} destroyed`),
  });
  const bug = new Error("a bug");
  const bad = {
    flush: () => {
      throw bug;
    },
    destroy: () => void said.push("bad destroyed"),
  };
  for (const side of [good("one"), bad, good("two")]) front.flushSoon(side);
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(said).toEqual(["one", "bad destroyed", "two"]);
  expect(broke).toEqual([bug]);
  front.flushSoon(good("later"));
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(said.at(-1)).toBe("later");
});
