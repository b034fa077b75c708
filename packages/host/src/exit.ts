/** How a process ends; docs/operations.md has the table. */
export const EXITS = {
  ok: { code: 0, help: "Done, or stopped by a signal and drained." },
  failed: { code: 1, help: "Something broke; the last line of the log says what." },
  usage: {
    code: 2,
    help: "A flag, a variable or the configuration file is wrong. Nothing was started.",
  },
  unavailable: {
    code: 3,
    help: "A port, a lock, a folder or a gateway that this command needs could not be had.",
  },
  refused: {
    code: 4,
    help: "A credential was refused, or this agent was replaced by another of its name.",
  },
} as const;

export type Exit = keyof typeof EXITS;

/** Ends the process with this exit and `message` on standard error, without a stack. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  readonly exit: Exit;
  constructor(exit: Exit, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}

/** What each signal does to a running process. */
export const SIGNALS = {
  SIGTERM: "Drains and ends. A second signal ends at once, with 128 plus its number.",
  SIGINT: "The same as SIGTERM (Ctrl-C).",
  SIGHUP: "The same as SIGTERM (the terminal was closed).",
} as const;
