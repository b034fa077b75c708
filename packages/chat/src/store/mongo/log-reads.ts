import type { Collection, Filter, FindOptions } from "mongodb";
import { EMPTY_HEAD, inOrder, type Draft, type Entry, type SessionKey } from "../../log/entry.ts";
import { headWith } from "../../log/accept.ts";
import type { Heads } from "../../log/ports.ts";
import { entryOf, type EntryDocument } from "./entry-document.ts";

/** What a log is asked for; each is served by one of its two unique indexes. */
export const LOG_FINDS = {
  /** Going down, each step finds the last entry of one more origin. */
  lastBelow({ userId, sessionId }: SessionKey, origin: { $lt?: string; $ne?: string }) {
    return {
      filter: of({ userId, sessionId }, Object.keys(origin).length > 0 ? { origin } : {}),
      options: { sort: { origin: -1, number: -1 }, limit: 1 } satisfies FindOptions,
    };
  },
  last(key: SessionKey, origin: string) {
    const options = { sort: { number: -1 }, limit: 1 } satisfies FindOptions;
    return { filter: of(key, { origin }), options };
  },
  said(key: SessionKey, author: string, client_message_id: string) {
    return { filter: of(key, { author, client_message_id }), options: {} satisfies FindOptions };
  },
  above(key: SessionKey, origin: string, number: number, limit: number) {
    const options = { sort: { number: 1 }, limit } satisfies FindOptions;
    return { filter: of(key, { origin, number: { $gt: number } }), options };
  },
  upTo(key: SessionKey, origin: string, number: number, limit: number) {
    const options = { sort: { number: -1 }, limit } satisfies FindOptions;
    return { filter: of(key, { origin, number: { $lte: number } }), options };
  },
};

function of({ userId, sessionId }: SessionKey, more: object): Filter<EntryDocument> {
  return { user_id: userId, session_id: sessionId, ...more };
}

export async function lastOf(
  entries: Collection<EntryDocument>,
  key: SessionKey,
  origin: string,
): Promise<Entry | undefined> {
  return (await found(entries, LOG_FINDS.last(key, origin)))[0];
}

/** The last entry of each origin but `without`, one question for each and one more. */
export async function lastOfAll(
  entries: Collection<EntryDocument>,
  key: SessionKey,
  without: string | undefined,
): Promise<Entry[]> {
  const all: Entry[] = [];
  const but = without === undefined ? {} : { $ne: without };
  for (let below: { $lt?: string } = {}; ;) {
    const [last] = await found(entries, LOG_FINDS.lastBelow(key, { ...below, ...but }));
    if (last === undefined) return all;
    all.push(last);
    below = { $lt: last.origin };
  }
}

export function headsOf(lasts: readonly Entry[], origin: string): Heads {
  const versions = lasts.map((entry) => [entry.origin, entry.number] as const);
  const head = lasts.reduce((was, entry) => headWith(was, entry, origin), EMPTY_HEAD);
  return { ...head, versions: Object.fromEntries(versions) };
}

/** The canonical one of those that an author said under one id, with the name of its document. */
export async function twinOf(
  entries: Collection<EntryDocument>,
  draft: Draft,
): Promise<{ entry: Entry; documentId: string } | undefined> {
  const { filter, options } = LOG_FINDS.said(draft, draft.author, draft.clientMessageId);
  const twins = await entries.find(filter, options).toArray();
  return twins
    .map((document) => ({ entry: entryOf(document), documentId: document._id.toHexString() }))
    .toSorted((a, b) => inOrder(a.entry, b.entry))[0];
}

export async function found(
  entries: Collection<EntryDocument>,
  { filter, options }: { filter: Filter<EntryDocument>; options: FindOptions },
): Promise<Entry[]> {
  return (await entries.find(filter, options).toArray()).map(entryOf);
}
