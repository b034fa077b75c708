import { ChatError } from "@warren/wire";

/** True where the store could not be asked: its guard tells that once, and who meets it is no news. */
export function isAway(cause: unknown): boolean {
  return ChatError.from(cause).code === "DATABASE_ERROR";
}
