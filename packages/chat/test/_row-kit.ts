import type { SessionRow } from "../src/log/session-row.ts";
import { NO_CONTROL } from "../src/log/view.ts";

/** A row as a fold would leave it. */
export function row(given: Partial<SessionRow> & { sessionId: string }): SessionRow {
  return {
    userId: "alice",
    versions: { "home:1": 1 },
    lastHlc: 0,
    alias: undefined,
    name: undefined,
    nameEntry: undefined,
    modelId: undefined,
    startMs: 0,
    endMs: undefined,
    lastActivityMs: given.startMs ?? 0,
    messageCount: 0,
    totalTokens: 0,
    cost: 0,
    answers: { count: 0, sumMs: 0, maxMs: 0 },
    adminAssisted: false,
    control: NO_CONTROL,
    help: { isOpen: false, sinceMs: undefined },
    ...given,
  };
}
