import type { SessionKey } from "../log/entry.ts";

/**
 * Counters that whoever holds a session moves while they are there (DESIGN §6): an observer whose own clock
 * saw one still for its duration takes the holder for gone. Instances that share sessions share these. A term
 * is the control epoch under which the session is held.
 */
export interface HeldCounters {
  /** The holder of a term is there: the counter is another than before. */
  move(key: SessionKey, term: number): Promise<void>;
  /** Where the term's counter stands; undefined: it was never moved. */
  read(key: SessionKey, term: number): Promise<number | undefined>;
  /** The term is over. */
  forget(key: SessionKey, term: number): Promise<void>;
}

/** For an instance that is alone. */
export function memoryCounters(): HeldCounters {
  const counters = new Map<string, { term: number; count: number }>();
  return {
    async move({ sessionId }, term) {
      const was = counters.get(sessionId);
      if (was !== undefined && was.term > term) return;
      counters.set(sessionId, { term, count: was?.term === term ? was.count + 1 : 1 });
    },
    async read({ sessionId }, term) {
      const found = counters.get(sessionId);
      return found?.term === term ? found.count : undefined;
    },
    async forget({ sessionId }, term) {
      if (counters.get(sessionId)?.term === term) counters.delete(sessionId);
    },
  };
}
