import { expect, test } from "vitest";
import { program } from "./_program.ts";

test.each([
  { name: "returning is success", way: "done", code: 0, stderr: "" },
  { name: "an exit may be returned", way: "refused", code: 4, stderr: "" },
  {
    name: "an operator's mistake is said without a stack",
    way: "usage",
    code: 2,
    stderr: "warren: --prot: unknown flag\n",
  },
  {
    name: "a taken port is said without a stack",
    way: "listen",
    code: 3,
    stderr: "warren: port 80 is in use\n",
  },
])("$name", async ({ way, code, stderr }) => {
  using running = program("run", [way]);
  expect(await running.ended()).toEqual({ code, stderr });
});

test("a bug comes with its stack", async () => {
  using running = program("run", ["bug"]);
  const { code, stderr } = await running.ended();
  expect([code, stderr]).toEqual([1, expect.stringMatching(/TypeError: a bug\n\s+at .*run\.ts/)]);
});

test.each(["logged", "uncaught", "rejected"])("a bug that is %s is logged once", async (way) => {
  using running = program("run", [way]);
  const { code, stderr } = await running.ended();
  const lines = stderr.trim().split("\n");
  expect(code).toBe(1);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "error",
    msg: "unexpected error",
    error: { message: "a bug" },
  });
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s lets main end by itself", async (name) => {
  using running = program("run", ["serve"]);
  await running.line();
  running.child.kill(name);
  expect(await running.line()).toBe(`stopping on ${name}`);
  expect(await running.ended()).toEqual({ code: 0, stderr: "" });
});

test("a second signal ends at once", async () => {
  using running = program("run", ["stubborn"]);
  await running.line();
  running.child.kill("SIGTERM");
  await running.line();
  running.child.kill("SIGINT");
  expect((await running.ended()).code).toBe(130);
});

test("the same signal passed on by npm is not a second one", async () => {
  using running = program("run", ["stubborn"]);
  await running.line();
  running.child.kill("SIGINT");
  await running.line();
  running.child.kill("SIGINT");
  running.child.kill("SIGTERM");
  expect((await running.ended()).code).toBe(143);
});
