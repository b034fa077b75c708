/**
 * Counters that whoever holds something moves while they are there (DESIGN §6): an observer whose own clock
 * saw one still for its duration takes the holder for gone. Instances that share sessions share these.
 */
export interface HeldCounters {
  /** The holder of a term is there: the counter is another than before. */
  move(name: string, term: number): Promise<void>;
  /** Where the term's counter stands; undefined: it was never moved. */
  read(name: string, term: number): Promise<number | undefined>;
  /** The term is over. */
  forget(name: string, term: number): Promise<void>;
}

/** For an instance that is alone. */
export function memoryCounters(): HeldCounters {
  const counters = new Map<string, { term: number; count: number }>();
  return {
    async move(name, term) {
      const was = counters.get(name);
      if (was !== undefined && was.term > term) return;
      counters.set(name, { term, count: was?.term === term ? was.count + 1 : 1 });
    },
    async read(name, term) {
      const found = counters.get(name);
      return found?.term === term ? found.count : undefined;
    },
    async forget(name, term) {
      if (counters.get(name)?.term === term) counters.delete(name);
    },
  };
}
