import { readState } from "@warren/host";
import * as v from "valibot";
import { announce } from "./announced.ts";

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
export function announceGateway(file: string, gateway: RunningGateway): Promise<AsyncDisposable> {
  return announce(file, gateway, RunningGateway);
}

/** Undefined when none was announced. One that was killed may be: ask it to be sure. */
export function findGateway(file: string): Promise<RunningGateway | undefined> {
  return readState(file, RunningGateway);
}
