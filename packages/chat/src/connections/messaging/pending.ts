import type { SessionKey } from "../../log/entry.ts";
import type { Said } from "../../log/said.ts";
import { has, type Versions } from "../../log/versions.ts";
import { spokenOf } from "../../sessions/conversation.ts";
import { upTo } from "../pages.ts";
import type { MessagingConnection } from "./messaging-connection.ts";
import { cursorsIn, type Thread } from "./thread.ts";

/** Conversations that a client is brought up to date in as it comes; it asks for others by naming them. */
const CONVERSATIONS = 10;
/** Entries of each that are looked through. */
const ENTRIES = 300;

/**
 * What a device lacks of its user's conversations, after `auth_success`: what its own acknowledgements do
 * not cover. Of a device that never acknowledged anything nothing is known: it gets what others said since
 * its user spoke last, and asks for more where it wants more.
 */
export async function bringPending(connection: MessagingConnection): Promise<void> {
  const { named } = connection.deps;
  const keys = await named.recent(connection.identity, CONVERSATIONS);
  const mayTell = Promise.withResolvers<void>();
  const all = keys.map((key) => bring(connection, key, mayTell.promise));
  // What cannot be read is told below, after it is told who is let in.
  const counts = await Promise.all(all.map(({ unread }) => unread)).catch(() => []);
  connection.succeed(counts.reduce((sum, count) => sum + count, 0));
  mayTell.resolve();
  await Promise.all(all.map(({ done }) => done));
}

function bring(connection: MessagingConnection, key: SessionKey, mayTell: Promise<void>) {
  const unread = Promise.withResolvers<number>();
  const tell = async () => {
    const { journal } = connection.deps;
    // The first entry says how the client called it.
    const [first] = await journal.after(key, {}, 1);
    const alias = first?.kind === "opened" ? first.body.alias : undefined;
    await connection.join(key, alias ?? key.sessionId, async (thread) => {
      const { said, older } = await journal.latest(key, undefined, ENTRIES);
      thread.heardOf(upTo(older, said));
      const lacking = lackingOf(connection, said);
      unread.resolve(lacking.unread);
      await mayTell;
      await tellAll(connection, thread, { said, from: lacking.pending });
      return upTo(older, said);
    });
  };
  const done = tell();
  done.catch(unread.reject);
  return { unread: unread.promise, done };
}

function lackingOf({ identity, deviceId }: MessagingConnection, said: readonly Said[]) {
  const { userId } = identity;
  const authors = [`user:${userId}`, `admin:${userId}`];
  const isOwn = ({ entry }: Said) => authors.includes(entry.author);
  const cursors = authors.map((author) => cursorsIn(said, { author, deviceId }));
  const spokeLast = said.findLastIndex((one) => one.kind === "message" && isOwn(one));
  const above = (known: readonly Versions[]) => {
    const isKnown = known.some((versions) => Object.keys(versions).length > 0);
    if (!isKnown) return said.slice(spokeLast + 1).filter((one) => !isOwn(one));
    return said.filter(({ entry }) => !known.some((versions) => has(versions, entry)));
  };
  const unread = above(cursors.map(({ read }) => read)).filter(
    (one) => one.kind === "message" && !isOwn(one) && one.body.isNote !== true,
  );
  return { pending: above(cursors.map(({ delivered }) => delivered)), unread: unread.length };
}

async function tellAll(
  connection: MessagingConnection,
  thread: Thread,
  { said, from }: { said: readonly Said[]; from: readonly Said[] },
): Promise<void> {
  const spoken = new Map(spokenOf(said).map((one) => [one.messageId, one]));
  // Receipts may be about any of them.
  for (const one of said) if (one.kind === "message") thread.know(one);
  for (const one of from) {
    for (const frame of connection.presenter.read(thread, one, spoken)) connection.send(frame);
    // Much may wait: a client that does not read is waited for here, and cut off nowhere.
    await connection.pages();
  }
}
