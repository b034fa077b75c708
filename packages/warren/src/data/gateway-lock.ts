import { ExitError, processLock } from "@warren/host";
import type { DataFolder } from "./data-folder.ts";

/**
 * One gateway per data folder: two would each undo what the other keeps there. `succeeds`: this one
 * was handed the listener of one that runs, and takes the folder over from it as it drains.
 */
export function lockForGateway(folder: DataFolder, succeeds = false): Disposable {
  const lock = processLock(folder.gatewayLock);
  if (lock.held) return lock;
  if (succeeds) return { [Symbol.dispose]() {} };
  const who = lock.pid === undefined ? "another process" : `process ${lock.pid}`;
  throw new ExitError(
    "unavailable",
    `a gateway runs with ${folder.path} already (${who}): stop it, or choose another folder with --data`,
  );
}
