import type { Collection, Document, Filter, UpdateFilter } from "mongodb";
import { isDuplicate } from "./failures.ts";

/** False if the place is taken. */
export async function isInserted<T extends Document>(
  into: Collection<T>,
  document: T,
): Promise<boolean> {
  try {
    await into.insertOne(document as Parameters<Collection<T>["insertOne"]>[0]);
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

/** Changes the one document that the filter names by a unique key; it is made if there is none. */
export async function upsert<T extends Document>(
  into: Collection<T>,
  filter: Filter<T>,
  change: UpdateFilter<T>,
): Promise<void> {
  for (;;) {
    try {
      await into.updateOne(filter, change, { upsert: true });
      return;
    } catch (error) {
      // Two made it at once: it is there now.
      if (!isDuplicate(error)) throw error;
    }
  }
}
