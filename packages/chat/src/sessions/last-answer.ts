import { wait, type Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { SessionKey } from "../log/entry.ts";
import { wallMsOf } from "../log/hybrid-time.ts";
import type { Journal } from "../log/journal.ts";
import { latestMessages } from "../log/latest-messages.ts";
import type { ClusterRuns } from "../runs/cluster-runs.ts";

export interface LastAnswerOptions {
  journal: Pick<Journal, "latest">;
  runs: Pick<ClusterRuns, "of" | "stop">;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

const LOOK_MS = 50;
/** Less than clients wait for us; where an instance died while it wrote it takes longer, and they come again. */
const MOST_MS = 4_000;
/** A question that was stored by then has been given to a model, or never is. */
const BEGIN_MS = 2_000;
/** How many messages back an answer may be. */
const LOOK_BACK = 100;

/**
 * Ends the answer of a session that is over, and resolves once it is stored with whatever there is of it, or
 * none is to come: nothing of it is lost to whoever copies the session then. Rejects with a `ChatError`:
 * SERVICE_UNAVAILABLE where that takes too long.
 */
export async function lastAnswer(options: LastAnswerOptions, key: SessionKey): Promise<void> {
  const { clock, runs } = options;
  const tooLateMs = clock.now() + MOST_MS;
  const never = new AbortController().signal;
  let stopped: string | undefined;
  for (;;) {
    const run = await runs.of(key);
    if (run === undefined && !(await isToBegin(options, key))) return;
    if (clock.now() >= tooLateMs) throw new ChatError("SERVICE_UNAVAILABLE", LATE, LATER);
    // One that began as the session ended was not there to be stopped with it.
    if (run !== undefined && run.runId !== stopped) await runs.stop(key, run.runId);
    stopped = run?.runId;
    await wait(clock, LOOK_MS, never);
  }
}

const LATE = "an answer of the visitor's is still being stored: try again";
const LATER = { retryAfterMs: 5_000 };

/** True where a question was stored just now and neither its answer nor its run is there. */
async function isToBegin({ journal, wallClock }: LastAnswerOptions, key: SessionKey) {
  const said = await latestMessages(journal, key, LOOK_BACK);
  const messages = said.filter((one) => one.kind === "message");
  const asked = messages.findLast(({ body }) => body.answer === undefined);
  if (asked?.body.sender !== "user" || asked.body.isUnasked === true) return false;
  const { messageId, entry } = asked;
  if (entry.isHeld || wallClock() - wallMsOf(entry.hlc) > BEGIN_MS) return false;
  return !messages.some(({ body }) => body.answer?.replyTo === messageId);
}
