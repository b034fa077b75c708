import type { SessionKey } from "./entry.ts";
import type { Journal } from "./journal.ts";
import type { Said } from "./said.ts";

/** Entries of one further read, and of all of them: a session of nothing but receipts is not read to its end. */
const READ = 300;
const MOST = 3_000;

/**
 * The newest entries of a session, in its order, with at least `count` messages among them if it has them
 * within a few thousand entries: receipts and reactions of many devices do not count.
 */
export async function latestMessages(
  journal: Pick<Journal, "latest">,
  key: SessionKey,
  count: number,
): Promise<readonly Said[]> {
  let { said, older } = await journal.latest(key, undefined, count);
  let all: readonly Said[] = said;
  while (messagesIn(all) < count && Object.keys(older).length > 0 && all.length < MOST) {
    ({ said, older } = await journal.latest(key, older, READ));
    all = [...said, ...all];
  }
  return all;
}

function messagesIn(said: readonly Said[]): number {
  return said.filter(({ kind }) => kind === "message").length;
}
