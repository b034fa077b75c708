/**
 * What systemd is to a socket-activated service, in small: holds the listening socket that it was
 * given as descriptor 3, never accepts on it, and starts processes that do. Told by IPC.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { HolderReport, HolderRequest } from "./activation.ts";

const LISTENING_SOCKET = 3;
const children = new Set<ChildProcess>();

process.on("message", ({ id, command, args, env }: HolderRequest) => {
  const child = spawn(command, args, {
    // Nothing of the environment that the tests run in: a REDIS_URL there is not for these.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env, LISTEN_FDS: "1" },
    stdio: ["ignore", "inherit", "inherit", LISTENING_SOCKET],
    // A group of its own, to be ended with all that it starts in turn.
    detached: true,
  });
  children.add(child);
  child.once("spawn", () => tell({ id, pid: child.pid! }));
  child.once("error", (reason) => tell({ id, failed: reason.message }));
  child.once("exit", (code, signal) => {
    children.delete(child);
    tell({ id, exit: code ?? signal ?? "unknown" });
  });
});

function tell(report: HolderReport): void {
  if (process.connected) process.send?.(report);
}

// The test is over, or gone: so is everything that was started for it.
process.once("disconnect", () => {
  for (const child of children) endGroup(child);
});

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It ended just now.
  }
}
