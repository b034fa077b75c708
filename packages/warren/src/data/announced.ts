import { readState, writeState } from "@warren/host";
import { rm } from "node:fs/promises";
import type * as v from "valibot";

/** Says in a file that a process runs; what comes back says that it no longer does. */
export async function announce<T extends { pid: number }>(
  file: string,
  running: T,
  schema: v.GenericSchema<unknown, T>,
): Promise<AsyncDisposable> {
  await writeState(file, running);
  return {
    async [Symbol.asyncDispose]() {
      const said = await readState(file, schema).catch(() => undefined);
      // A successor may have announced itself meanwhile.
      if (said === undefined || said.pid === running.pid) await rm(file, { force: true });
    },
  };
}
