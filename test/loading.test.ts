// What is used by few is not loaded by all: the clients of stores count for half of what a command loads.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "./_rooms.ts";

const LAZY = /^(redis|@redis\/|mongodb|bson|@aws-sdk\/|@kubernetes\/)/;

/** Prints what of `LAZY` a module asks for, itself and through others. */
const watching = (room: string) => `
  import { registerHooks } from "node:module";
  registerHooks({
    resolve(specifier, context, next) {
      if (${String(LAZY)}.test(specifier)) console.log(specifier, "for", context.parentURL);
      return next(specifier, context);
    },
  });
  await import(${JSON.stringify(room)});
`;

test.each([
  "@warren/host",
  "@warren/host/kube",
  "@warren/gateway",
  "@warren/agent",
  "@warren/chat",
])("%s is loaded without the clients of stores", async (room) => {
  const args = ["--input-type=module", "--eval", watching(room)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  expect(stdout).toBe("");
});
