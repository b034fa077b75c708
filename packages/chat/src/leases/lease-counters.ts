import type { SessionKey } from "../log/entry.ts";
import type { HeldCounters } from "../sessions/held-counters.ts";
import { firstLease, movedOn, takenBy, type LeaseName, type Leases } from "./ports.ts";

/**
 * Counters as leases of the kind `takeover`, so that all instances see one of them moved. Who moves it is
 * of no interest: any sign of life counts.
 */
export function leaseCounters(leases: Leases): HeldCounters {
  return {
    async move(key, term) {
      const lease = nameOf(key);
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
    async read(key, term) {
      const there = await leases.get(nameOf(key));
      return there?.term === term ? there.beat : undefined;
    },
    async forget(key, term) {
      const lease = nameOf(key);
      const there = await leases.get(lease);
      if (there?.term === term) await leases.put(lease, there, undefined);
    },
  };
}

/** Removes a session's counter, of whatever term: the session is gone. */
export async function dropCounter(leases: Leases, key: SessionKey): Promise<void> {
  const lease = nameOf(key);
  for (;;) {
    const there = await leases.get(lease);
    if (there === undefined || (await leases.put(lease, there, undefined))) return;
  }
}

function nameOf({ userId, sessionId }: SessionKey): LeaseName {
  return { kind: "takeover", userId, name: sessionId };
}
