import { CHAT_LIMITS } from "@warren/wire";

/** What every thing that is said carries. */
export interface Mark {
  /** Chosen by whoever says it, the same for each try. */
  readonly clientMessageId: string;
  /** The highest time that the client has seen. */
  readonly seen: number | undefined;
}

export function markOf({ clientMessageId, seen }: Mark): Mark {
  return { clientMessageId: clientMessageId.slice(0, CHAT_LIMITS.clientMessageId), seen };
}
