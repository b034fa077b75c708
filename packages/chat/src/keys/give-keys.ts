import { rewrapKey } from "./data-key.ts";
import type { MasterKeys } from "./master-keys.ts";
import type { KeyStore } from "./ports.ts";
import { SealError } from "./seal-error.ts";

/**
 * Puts a session's data keys under another user too: a guest who has said who they are. What is sealed
 * stays as it is, for a user is not bound in it. May end anywhere and be run again; the old owner's
 * records stay until they are destroyed. Rejects with a SealError, or as the store does.
 */
export async function giveKeys(
  { store, masters }: { store: KeyStore; masters: MasterKeys },
  sessionId: string,
  { from, to }: { from: string; to: string },
): Promise<void> {
  const records = await store.get(from, sessionId);
  if (records === "destroyed") throw new SealError("destroyed");
  for (const record of records) {
    const master = await masters.find(record.masterKeyId);
    if (master === undefined) throw new SealError("unknown_master_key");
    const given = rewrapKey(record, master, { master: masters.current, userId: to });
    if (given === undefined) throw new SealError("damaged_key");
    const kept = await store.putIfAbsent(given);
    if (kept === "destroyed") throw new SealError("destroyed");
    // The new owner has a session of the same id with keys of its own: one of both is no such session.
    if (kept.keyId !== record.keyId) throw new SealError("unknown_key");
  }
}
