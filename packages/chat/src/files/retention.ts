import type { FileEvents } from "./events.ts";
import type { Files, FileUpkeep } from "./ports.ts";

export interface RetentionOptions {
  /** Undefined: files are kept until somebody removes them. */
  keptMs: number | undefined;
  /** Uploads that never ended are cleared after this long. */
  unfinishedMs: number;
}

/**
 * One round of clearing up: files that are older than they are kept, and what uploads left behind. A
 * round that is aborted goes on where it was in the next one.
 */
export async function clearUp(
  files: Files & FileUpkeep,
  options: RetentionOptions,
  { wallMs, events, signal }: { wallMs: number; events: FileEvents; signal: AbortSignal },
): Promise<void> {
  const { keptMs, unfinishedMs } = options;
  events.removed("swept", await files.sweep(wallMs - unfinishedMs));
  if (keptMs === undefined) return;
  let expired = 0;
  try {
    for await (const id of files.storedBefore(wallMs - keptMs)) {
      if (signal.aborted) return;
      if (await files.remove(id)) expired += 1;
    }
  } finally {
    events.removed("expired", expired);
  }
}

/** Removes all files of a user whose data is erased. */
export async function eraseOwner(
  files: FileUpkeep,
  owner: string,
  events: FileEvents,
): Promise<number> {
  const count = await files.removeOwner(owner);
  events.removed("erased", count);
  return count;
}
