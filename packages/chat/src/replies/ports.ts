/** Words that admins say often. Of the installation, not of one admin: nothing of any user is in them. */
export interface CannedReply {
  readonly id: string;
  /** What admins find it by. */
  readonly title: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly updatedMs: number;
  /** User id of the admin who wrote it last. */
  readonly updatedBy: string;
}

/** How many an installation may have: all are shown at once. */
export const MOST_REPLIES = 200;

/** By title in the order of its bytes, then by id: the same in every store. */
export function inTitleOrder(a: CannedReply, b: CannedReply): number {
  if (a.title !== b.title) return Buffer.compare(Buffer.from(a.title), Buffer.from(b.title));
  return a.id < b.id ? -1 : 1;
}

/** The canned replies of an installation. Every method rejects with a `ChatError` DATABASE_ERROR while the store is away. */
export interface CannedReplies {
  /** All, by title, then by id. */
  list(): Promise<CannedReply[]>;
  /** False: there are MOST_REPLIES already. One that is there under this id is replaced. */
  add(reply: CannedReply): Promise<boolean>;
  /** Writes over the one with this id, whatever it says by now. False: there is none. */
  replace(reply: CannedReply): Promise<boolean>;
  /** False: there was none. */
  remove(id: string): Promise<boolean>;
}
