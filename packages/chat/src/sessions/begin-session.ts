import { ChatError } from "@warren/wire";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { MessageLog } from "../log/ports.ts";

export interface Opening {
  readonly modelId?: string | undefined;
  /** As its client calls it. */
  readonly alias?: string | undefined;
}

/** The first entry of a session, before anything is said in it, whoever of those who join says it. */
export async function beginSession(
  { log, journal }: { log: MessageLog; journal: Journal },
  key: SessionKey,
  { modelId, alias }: Opening,
): Promise<SessionKey> {
  if ((await log.heads(key)).hlc > 0) return key;
  const body = {
    ...(modelId !== undefined && { modelId }),
    ...(alias !== undefined && { alias }),
  };
  await journal
    .say({
      ...key,
      kind: "opened",
      author: "system",
      clientMessageId: "opened",
      body,
      seen: undefined,
      fence: undefined,
    })
    .catch(unlessRepeated);
  return key;
}

/** Another instance has said the same, in its words. */
export function unlessRepeated(reason: unknown): void {
  if (ChatError.from(reason).code !== "CONFLICT") throw reason;
}
