import type { Collection, Document } from "mongodb";
import { isInserted } from "./inserts.ts";

/** Which session a user writes to when none is named. */
export interface UserDocument extends Document {
  user_id: string;
  active: string;
}

export async function pointerOf(
  users: Collection<UserDocument>,
  user_id: string,
): Promise<string | undefined> {
  return (await users.findOne({ user_id }))?.active;
}

export interface PointerChange {
  userId: string;
  /** As it was read; undefined: there was none. */
  was: string | undefined;
  next: string | undefined;
}

/** False if it has changed since it was read. */
export async function movePointer(
  users: Collection<UserDocument>,
  { userId: user_id, was, next }: PointerChange,
): Promise<boolean> {
  if (was === next) return true;
  if (was === undefined) return isInserted(users, { user_id, active: next! });
  if (next === undefined) {
    return (await users.deleteOne({ user_id, active: was })).deletedCount === 1;
  }
  const moved = await users.updateOne({ user_id, active: was }, { $set: { active: next } });
  return moved.matchedCount === 1;
}
