import { isSameLease, type Lease, type LeaseName, type Leases } from "../../leases/ports.ts";

/** Leases of one process, or of several that a test has in one. */
export function memoryLeases(): Leases {
  const all = new Map<string, Lease>();
  const of = (kind: string) => [...all.values()].filter((lease) => lease.kind === kind);
  return {
    async get(name) {
      return all.get(keyOf(name));
    },
    async put(name, was, next) {
      const key = keyOf(name);
      const there = all.get(key);
      if (was === undefined ? there !== undefined : !(there && isSameLease(there, was)))
        return false;
      if (next === undefined) all.delete(key);
      else all.set(key, next);
      return true;
    },
    async list(kind, holder, limit) {
      const found = of(kind).filter((lease) => holder === undefined || lease.holder === holder);
      return found.slice(0, limit);
    },
    async holders(kind) {
      return [...new Set(of(kind).map(({ holder }) => holder))];
    },
    async marks(kind, notOf) {
      const others = of(kind).filter(({ holder }) => holder !== notOf);
      return others.map(({ userId, name, holder, term, beat }) => ({
        kind,
        userId,
        name,
        holder,
        term,
        beat,
      }));
    },
  };
}

function keyOf({ kind, userId, name }: LeaseName): string {
  return JSON.stringify([kind, userId, name]);
}
