import type { ClientStorage } from "./storage.ts";

/**
 * A storage that never rejects: what it cannot keep is kept by nobody, and `failed` hears of it. A chat goes
 * on without it: private windows refuse storage, and full disks do.
 */
export function forgivingStorage(
  storage: ClientStorage,
  failed: (reason: unknown) => void,
): ClientStorage {
  const tried = <T>(asked: Promise<T>, otherwise: T): Promise<T> =>
    asked.catch((reason: unknown) => {
      failed(reason);
      return otherwise;
    });
  return {
    get: (key) => tried(storage.get(key), undefined),
    set: (key, value) => tried(storage.set(key, value), undefined),
    delete: (key) => tried(storage.delete(key), undefined),
    list: (prefix) => tried(storage.list(prefix), []),
    clear: () => tried(storage.clear(), undefined),
  };
}
