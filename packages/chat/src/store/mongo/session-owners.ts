import type { Collection, Document } from "mongodb";
import type { SessionKey } from "../../log/entry.ts";
import { sessionIsTaken } from "../../sessions/refusals.ts";
import { isInserted } from "./inserts.ts";

/** Whose session it is: small, and not sharded, as sessions are looked for by their id alone. */
export interface OwnerDocument extends Document {
  /** Session id. */
  _id: string;
  user_id: string;
}

export async function ownerOf(
  owners: Collection<OwnerDocument>,
  sessionId: string,
): Promise<string | undefined> {
  return (await owners.findOne({ _id: sessionId }))?.user_id;
}

/** Rejects where the session is another user's. */
export async function claim(
  owners: Collection<OwnerDocument>,
  { userId, sessionId }: SessionKey,
): Promise<void> {
  const known = await ownerOf(owners, sessionId);
  if (known === userId) return;
  const isOwn =
    known === undefined && (await isInserted(owners, { _id: sessionId, user_id: userId }));
  if (!isOwn && (await ownerOf(owners, sessionId)) !== userId) throw sessionIsTaken();
}
