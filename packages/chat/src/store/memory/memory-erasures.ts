import type { Erasure, Erasures } from "../../privacy/ports.ts";

/** What is being erased, for one process that keeps nothing. */
export function memoryErasures(): Erasures {
  const all = new Map<string, { erasure: Erasure; dueMs: number }>();
  return {
    async put(erasure, dueMs) {
      all.set(nameOf(erasure), { erasure, dueMs });
    },
    async due(wallMs, limit) {
      return [...all.values()]
        .filter(({ dueMs }) => dueMs <= wallMs)
        .toSorted((a, b) => a.dueMs - b.dueMs)
        .slice(0, limit)
        .map(({ erasure }) => erasure);
    },
    async usersSince(wallMs, limit) {
      return [...all.values()]
        .map(({ erasure }) => erasure)
        .filter(({ sessionId, sinceMs }) => sessionId === undefined && sinceMs >= wallMs)
        .toSorted((a, b) => b.sinceMs - a.sinceMs)
        .slice(0, limit);
    },
    async remove(erasure) {
      const kept = all.get(nameOf(erasure));
      // One that was asked for again meanwhile stays.
      if (kept?.erasure.sinceMs === erasure.sinceMs) all.delete(nameOf(erasure));
    },
  };
}

function nameOf({ userId, sessionId }: Erasure): string {
  return JSON.stringify([userId, sessionId]);
}
