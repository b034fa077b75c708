import { backoff, systemClock, wait, type Backoff, type Log } from "@warren/host";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface ChildCommand {
  node: string;
  words: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

export interface Child {
  /** Resolves with the pid when it first says that it is joined. */
  joined: Promise<number>;
  /** Lets it drain; cuts it off if that takes longer than `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/** A child that fails at once is started again after so long, then twice that... */
const FIRST_MS = 500;
const CAP_MS = 15_000;
const HELD_MS = 10_000;

/**
 * Keeps a `warren agent` running: started again when it ends, more slowly each time it does so soon.
 * It is told to end with its standard input, whose other end the kernel closes when this process
 * dies, however that happens; so none is left behind.
 */
export function keepChild(command: ChildCommand, log: Log): Child {
  const stopping = new AbortController();
  const joined = Promise.withResolvers<number>();
  const pause = backoff({ firstMs: FIRST_MS, capMs: CAP_MS, heldMs: HELD_MS, random: Math.random });
  let current: ChildProcess | undefined;
  const kept = (async () => {
    while (!stopping.signal.aborted) {
      const since = systemClock.now();
      current = start(command, joined.resolve);
      const how = await over(current);
      if (stopping.signal.aborted) return;
      pause.ended(systemClock.now() - since);
      await sayAndWait(how, pause, stopping.signal, log);
    }
  })();
  return {
    joined: joined.promise,
    async stop(withinMs) {
      stopping.abort();
      const child = current;
      child?.stdin?.end();
      const forget = systemClock.after(withinMs, () => child?.kill("SIGKILL"));
      await kept;
      forget();
    },
  };
}

function start(command: ChildCommand, onJoined: (pid: number) => void): ChildProcess {
  const { node, words, env } = command;
  const child = spawn(node, words, {
    env: { ...env },
    stdio: ["pipe", "pipe", "inherit"],
    // Out of the terminal's process group: Ctrl-C is for the parent, which ends it in its turn.
    detached: true,
    windowsHide: true,
  });
  // Writing to one that has just ended is no news; the end itself is told.
  child.stdin?.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("joined ")) onJoined(child.pid ?? 0);
  });
  return child;
}

async function over(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    return signal ?? `exit code ${code}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function sayAndWait(
  how: string,
  pause: Backoff,
  stopping: AbortSignal,
  log: Log,
): Promise<void> {
  const ms = FIRST_MS / 2 + pause.next();
  log.error("the agent ended: starting it again", { how, retry_in_ms: Math.round(ms) });
  await wait(systemClock, ms, stopping);
}
