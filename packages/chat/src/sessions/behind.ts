import { wait, type Clock, untilClosed } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { SessionKey } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";
import { Folding } from "./folding.ts";
import type { Sessions } from "./ports.ts";

/**
 * Where rows may lack what their logs have, by the positions of the log's tail. Every method rejects with
 * a `ChatError` DATABASE_ERROR while the store is away.
 */
export interface Behind {
  /** The last position given out. */
  last(): Promise<number>;
  /**
   * Looks at the next `limit` entries in `(after, upTo]`: the sessions whose rows lack some of what their
   * logs have, and the position that was reached; `upTo` once that was the last.
   */
  among(after: number, upTo: number, limit: number): Promise<BehindPage>;
  /** Up to here every row has what its log has; 0: nobody knows. Kept with the log. */
  foldedTo(): Promise<number>;
  setFoldedTo(position: number): Promise<void>;
}

export interface BehindPage {
  readonly sessions: readonly SessionKey[];
  readonly reached: number;
}

export interface KeepRowsOptions {
  log: MessageLog;
  sessions: Sessions;
  behind: Behind;
  clock: Clock;
  /** A row could not be brought up to its log: it is tried again. */
  failed: (cause: unknown) => void;
}

/** How often it looks. What is younger is being folded by whoever stored it. */
export const LOOK_MS = 5_000;
/** Entries of one look into the store: some milliseconds of its thread. */
const LOOK = 500;

/**
 * Brings rows up to their logs that were left behind: by a process that died between an entry and its
 * row, at once when this starts, and by a fold that failed, within two looks. The mark up to which all is
 * well is durable and moves only over what was seen to be well, so a crash at any moment repeats work and
 * skips none.
 */
export function keepRowsUp(options: KeepRowsOptions): AsyncDisposable {
  return untilClosed((signal) => keep(options, signal));
}

async function keep(options: KeepRowsOptions, signal: AbortSignal): Promise<void> {
  const { behind, clock, failed } = options;
  const folding = new Folding(options);
  let upTo: number | undefined;
  do {
    try {
      const last = await behind.last();
      await bringUp(options, folding, { upTo: upTo ?? last, signal });
      upTo = last;
    } catch (cause) {
      failed(cause);
    }
  } while (await wait(clock, LOOK_MS, signal));
}

async function bringUp(
  { behind, failed }: KeepRowsOptions,
  folding: Folding,
  { upTo, signal }: { upTo: number; signal: AbortSignal },
): Promise<void> {
  let at = await behind.foldedTo();
  while (at < upTo && !signal.aborted) {
    const { sessions, reached } = await behind.among(at, upTo, LOOK);
    // One after the other: whoever talks meanwhile goes first.
    for (const key of sessions) await folding.upToDate(key).catch(unlessAway(failed));
    await behind.setFoldedTo(reached);
    at = reached;
  }
}

/** A store that is away ends the look; one row that can never be written does not keep the others back. */
function unlessAway(failed: (cause: unknown) => void): (reason: unknown) => void {
  return (reason) => {
    if (ChatError.from(reason).code === "DATABASE_ERROR") throw reason;
    failed(reason);
  };
}
