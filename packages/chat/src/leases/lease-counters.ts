import { firstLease, movedOn, takenBy, type LeaseName, type Leases } from "./ports.ts";

/** A counter that many may move, by name and term. */
export interface LeaseCounters {
  /** Once more; a higher term begins it anew, a lower one is late and moves nothing. */
  move(name: string, term: number): Promise<void>;
  /** How often it was moved in this term; undefined: never. */
  read(name: string, term: number): Promise<number | undefined>;
  /** It is not needed any more, unless a later term has it. */
  forget(name: string, term: number): Promise<void>;
}

/**
 * Counters as leases of the kind `takeover`, so that all instances see one of them moved. Who moves it is
 * of no interest: any sign of life counts.
 */
export function leaseCounters(leases: Leases): LeaseCounters {
  return {
    async move(name, term) {
      const lease = nameOf(name);
      const there = await leases.get(lease);
      if (there === undefined) {
        await leases.put(lease, undefined, { ...firstLease(lease, "", "{}"), term });
        return;
      }
      if (there.term > term) return;
      const isLater = there.term < term;
      const next = isLater ? { ...takenBy("", there, "{}"), term, beat: 1 } : movedOn(there, "{}");
      // Where that fails somebody else has just moved it: it has moved.
      await leases.put(lease, there, next);
    },
    async read(name, term) {
      const there = await leases.get(nameOf(name));
      return there?.term === term ? there.beat : undefined;
    },
    async forget(name, term) {
      const lease = nameOf(name);
      const there = await leases.get(lease);
      if (there?.term === term) await leases.put(lease, there, undefined);
    },
  };
}

/** Session ids are enough: no user is in them, as nothing of a user is kept here. */
function nameOf(name: string): LeaseName {
  return { kind: "takeover", userId: "", name };
}
