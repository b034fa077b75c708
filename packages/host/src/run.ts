import { constants } from "node:os";
import { systemClock } from "./clock.ts";
import { EXITS, ExitError, SIGNALS, type Exit } from "./exit.ts";
import { ListenError } from "./listen.ts";
import type { Log } from "./log.ts";

export interface Running {
  /** Aborts on the first signal: drain, then return. */
  signal: AbortSignal;
  /** Where unexpected errors go from now on; standard error until then. */
  logTo: (log: Log) => void;
}

/**
 * Runs the process: signals become an abort, what `main` returns or throws becomes the exit code.
 * The one place that ends the process. An error that nobody caught is logged once and ends it too:
 * what state it left behind is unknown.
 */
export async function run(main: (running: Running) => Promise<Exit | void>): Promise<never> {
  let log: Log | undefined;
  const stopped = stopOnSignals();
  const fatal = (error: unknown): never => {
    say(error, log);
    process.exit(EXITS[exitOf(error)].code);
  };
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", fatal);
  // `warren routes | head`: the reader has seen enough.
  process.stdout.on("error", (error: NodeJS.ErrnoException) =>
    error.code === "EPIPE" ? process.exit(EXITS.ok.code) : fatal(unwritable(error)),
  );
  // No timer of the product keeps a process alive: that it runs until main ends is said here, also
  // while an agent waits for its next dial and nothing else is open.
  setInterval(() => {}, 2 ** 31 - 1);
  try {
    const exit = await main({ signal: stopped, logTo: (given) => (log = given) });
    await written();
    process.exit(EXITS[exit ?? "ok"].code);
  } catch (error) {
    return fatal(error);
  }
}

/** What was printed has left the process, or its failure has been heard: a full disk is no success. */
function written(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => setImmediate(resolve)));
}

function unwritable({ code, message }: NodeJS.ErrnoException): ExitError {
  return new ExitError("failed", `standard output cannot be written: ${code ?? message}`);
}

/** `npm start` passes Ctrl-C on although the terminal has sent it too: that is one signal, not two. */
const SAME_SIGNAL_MS = 500;

function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  let last = { name: "", at: 0 };
  for (const name of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.on(name, () => {
      const at = systemClock.now();
      if (name === last.name && at - last.at < SAME_SIGNAL_MS) return;
      if (stop.signal.aborted) process.exit(128 + constants.signals[name]);
      last = { name, at };
      stop.abort(name);
    });
  }
  return stop.signal;
}

/** Errors made for the operator are said plainly; anything else is a bug and comes with its stack. */
function say(error: unknown, log: Log | undefined): void {
  if (error instanceof ExitError || error instanceof ListenError) {
    process.stderr.write(`warren: ${error.message}\n`);
  } else if (log !== undefined) {
    log.error("unexpected error", { error });
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`warren: unexpected error: ${text}\n`);
  }
}

function exitOf(error: unknown): Exit {
  if (error instanceof ExitError) return error.exit;
  return error instanceof ListenError ? "unavailable" : "failed";
}
