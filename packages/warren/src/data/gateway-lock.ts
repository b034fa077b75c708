import { ExitError, processLock } from "@warren/host";
import type { DataFolder } from "./data-folder.ts";

/** One gateway per data folder: two would each undo what the other keeps there. */
export function lockForGateway(folder: DataFolder): Disposable {
  const lock = processLock(folder.gatewayLock);
  if (lock.held) return lock;
  const who = lock.pid === undefined ? "another process" : `process ${lock.pid}`;
  throw new ExitError(
    "unavailable",
    `a gateway runs with ${folder.path} already (${who}): stop it, or choose another folder with --data`,
  );
}
