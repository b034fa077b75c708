import { wait, type Clock, untilClosed } from "@warren/host";
import type { FileEvents } from "../files/events.ts";
import type { Files, FileUpkeep } from "../files/ports.ts";
import { clearUp } from "../files/retention.ts";
import type { SessionRow } from "../log/session-row.ts";
import type { Sessions } from "../sessions/ports.ts";
import { queryAll } from "../sessions/query-all.ts";
import type { ShareEvents } from "../shares/events.ts";
import type { ShareLinks } from "../shares/ports.ts";
import type { Eraser } from "./eraser.ts";
import type { PrivacyEvents } from "./events.ts";

export interface RetentionPolicy {
  /** Sessions in which nothing was said for this long are erased; undefined: never. */
  readonly sessionsMs: number | undefined;
  /** Files this old are removed; undefined: with their sessions. */
  readonly filesMs: number | undefined;
  /** How often it is looked. */
  readonly everyMs: number;
}

export interface RetentionOptions {
  policy: RetentionPolicy;
  eraser: Eraser;
  sessions: Sessions;
  shareLinks: ShareLinks;
  files: Files & FileUpkeep;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  events: PrivacyEvents;
  shareEvents: ShareEvents;
  fileEvents: FileEvents;
}

const SESSIONS = 100;
const LINKS = 500;
/** Uploads that never ended. */
const UNFINISHED_MS = 86_400_000;

/**
 * Goes on with erasures and removes what is older than it is kept, at once when this starts and then every
 * so often. A round that dies or fails is made good by the next one: nothing is remembered between two.
 */
export function startRetention(options: RetentionOptions): AsyncDisposable {
  return untilClosed((signal) => keep(options, signal));
}

async function keep(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { clock, policy } = options;
  do await round(options, signal);
  while (await wait(clock, policy.everyMs, signal));
}

/** One round. Never rejects: what fails does not keep the rest from being done. */
export async function round(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { events, eraser, policy, files, fileEvents, wallClock } = options;
  const filePolicy = { keptMs: policy.filesMs, unfinishedMs: UNFINISHED_MS };
  const parts: [string, () => Promise<void>][] = [
    ["erasures could not be gone on with", () => eraser.resume(signal)],
    ["old sessions could not be looked for", () => oldSessions(options, signal)],
    ["expired links could not be removed", () => expiredLinks(options, signal)],
    [
      "old files could not be removed",
      () => clearUp(files, filePolicy, { wallMs: wallClock(), events: fileEvents, signal }),
    ],
  ];
  for (const [what, part] of parts) {
    if (signal.aborted) return;
    await part().catch((cause: unknown) => events.failed(what, cause));
  }
}

async function oldSessions(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { policy, wallClock, events, eraser } = options;
  if (policy.sessionsMs === undefined) return;
  const before = wallClock() - policy.sessionsMs;
  /** Those that could not be erased stand first in the list. */
  let failed = 0;
  while (!signal.aborted) {
    const rows = await quietest(options, failed);
    const old = rows.filter(({ lastActivityMs }) => lastActivityMs < before);
    for (const row of old) {
      if (signal.aborted) return;
      await eraser.session(row, "retention").catch((cause: unknown) => {
        failed += 1;
        events.failed("an old session could not be erased", cause);
      });
    }
    if (old.length < SESSIONS) return;
  }
}

async function quietest(
  { sessions, wallClock }: RetentionOptions,
  offset: number,
): Promise<readonly SessionRow[]> {
  const { rows } = await sessions.list(
    queryAll({ sortBy: "last_activity", limit: SESSIONS, from: { offset }, nowMs: wallClock() }),
  );
  return rows;
}

async function expiredLinks(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { shareLinks, shareEvents, wallClock } = options;
  for (let removed = LINKS; removed === LINKS && !signal.aborted;) {
    removed = await shareLinks.removeExpired(wallClock(), LINKS);
    shareEvents.expired(removed);
  }
}
