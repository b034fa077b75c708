import type { KeyRecord, KeyStore } from "./ports.ts";

interface Session {
  destroyed: boolean;
  /** Places in the list of all records, by ascending number. */
  places: number[];
}

/** Keys that end with the process. */
export function memoryKeyStore(): KeyStore {
  /** In the order of their coming; a destroyed one leaves its place empty. */
  const all: (KeyRecord | undefined)[] = [];
  const users = new Map<string, Map<string, Session>>();

  const sessionOf = (userId: string, sessionId: string): Session => {
    const sessions = users.get(userId) ?? new Map<string, Session>();
    users.set(userId, sessions);
    const session = sessions.get(sessionId) ?? { destroyed: false, places: [] };
    sessions.set(sessionId, session);
    return session;
  };
  const recordsOf = ({ places }: Session): KeyRecord[] =>
    places.flatMap((place) => all[place] ?? []);
  const placeOf = ({ places }: Session, number: number) =>
    places.find((place) => all[place]?.number === number);

  return {
    async get(userId, sessionId) {
      const session = users.get(userId)?.get(sessionId);
      if (session === undefined) return [];
      return session.destroyed ? "destroyed" : recordsOf(session);
    },
    async putIfAbsent(record) {
      const session = sessionOf(record.userId, record.sessionId);
      if (session.destroyed) return "destroyed";
      const kept = all[placeOf(session, record.number) ?? -1];
      if (kept !== undefined) return kept;
      session.places.push(all.push(record) - 1);
      session.places.sort((a, b) => all[a]!.number - all[b]!.number);
      return record;
    },
    async rewrap(fresh, fromMasterKeyId) {
      const session = users.get(fresh.userId)?.get(fresh.sessionId);
      const place = session && placeOf(session, fresh.number);
      const kept = place === undefined ? undefined : all[place];
      if (place === undefined || kept?.keyId !== fresh.keyId) return false;
      if (kept.masterKeyId !== fromMasterKeyId) return false;
      all[place] = { ...kept, masterKeyId: fresh.masterKeyId, wrapped: fresh.wrapped };
      return true;
    },
    async destroy(userId, sessionId) {
      const session = sessionOf(userId, sessionId);
      for (const place of session.places) all[place] = undefined;
      session.places = [];
      session.destroyed = true;
    },
    async wrappedByOthers(masterKeyId, after, limit) {
      const records: KeyRecord[] = [];
      let at = after === undefined ? 0 : Number(after);
      for (; at < all.length && records.length < limit; at++) {
        const record = all[at];
        if (record !== undefined && record.masterKeyId !== masterKeyId) records.push(record);
      }
      return { records, next: at < all.length ? String(at) : undefined };
    },
  };
}
