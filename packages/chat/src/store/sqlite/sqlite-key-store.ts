import type { KeyStore } from "../../keys/ports.ts";
import type { KeyOperations } from "./key-table.ts";
import { openWorker } from "./worker-calls.ts";

/**
 * Data keys in a file of their own: who has a backup of what was said has no key to it. `lost`: its thread
 * is gone, as after a bug.
 */
export async function openSqliteKeyStore(
  file: string,
  lost: (cause: unknown) => void,
): Promise<KeyStore & AsyncDisposable> {
  const calls = await openWorker<KeyOperations>({ kind: "keys", file }, lost);
  return {
    get: (userId, sessionId) => calls.call("getKeys", userId, sessionId),
    putIfAbsent: (record) => calls.call("putKey", record),
    rewrap: (fresh, from) => calls.call("rewrapKey", fresh, from),
    destroy: (userId, sessionId) => calls.call("destroyKeys", userId, sessionId),
    wrappedByOthers: (masterKeyId, after, limit) =>
      calls.call("keysOfOthers", masterKeyId, after, limit),
    [Symbol.asyncDispose]: () => calls.close(),
  };
}
