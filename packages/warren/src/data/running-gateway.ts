import { readState, writeState } from "@warren/host";
import { rm } from "node:fs/promises";
import * as v from "valibot";

/** What a gateway leaves in its data folder, so that commands beside it find it. */
const RunningGateway = v.object({
  pid: v.number(),
  /** What agents dial. */
  gateway: v.string(),
  /** The admin listener. */
  admin: v.string(),
});
export type RunningGateway = v.InferOutput<typeof RunningGateway>;

/** Says that it runs; what comes back says that it no longer does. */
export async function announceGateway(
  file: string,
  gateway: RunningGateway,
): Promise<AsyncDisposable> {
  await writeState(file, gateway);
  return {
    async [Symbol.asyncDispose]() {
      const said = await findGateway(file).catch(() => undefined);
      // A successor may have announced itself meanwhile.
      if (said === undefined || said.pid === gateway.pid) await rm(file, { force: true });
    },
  };
}

/** Undefined when none was announced. One that was killed may be: ask it to be sure. */
export function findGateway(file: string): Promise<RunningGateway | undefined> {
  return readState(file, RunningGateway);
}
