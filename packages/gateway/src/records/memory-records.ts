import { HOUR_MS, LEASE_MS, type Kept, type Leases, type Records } from "./records.ts";
import type { RecordStore } from "./records.ts";

export interface MemoryRecordsOptions {
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** Records of a gateway that is alone and keeps nothing: they come back from whoever said them. */
export function memoryRecords({ wallClock }: MemoryRecordsOptions): RecordStore {
  return {
    records: () => new MemoryKind(wallClock),
    leases: memoryLeases(wallClock),
    [Symbol.asyncDispose]: async () => {},
  };
}

class MemoryKind<T> implements Records<T> {
  readonly #wallClock: () => number;
  readonly #all = new Map<string, Kept<T> & { untilMs: number }>();

  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
  }

  async list(): Promise<ReadonlyMap<string, number>> {
    this.#sweep();
    return new Map([...this.#all].map(([id, { fence }]) => [id, fence]));
  }

  async read(id: string): Promise<Kept<T> | undefined> {
    const kept = this.#all.get(id);
    return kept !== undefined && kept.untilMs > this.#wallClock() ? kept : undefined;
  }

  async put(
    id: string,
    value: T,
    { fence, untilMs }: { fence: number | undefined; untilMs: number },
  ): Promise<boolean> {
    const had = this.#all.get(id)?.fence ?? 0;
    if (fence !== undefined && fence < had) return false;
    this.#all.set(id, { value, fence: fence ?? had + 1, untilMs });
    return true;
  }

  async remove(id: string): Promise<void> {
    this.#all.delete(id);
  }

  /** Nobody else changes anything. */
  onChange(): () => void {
    return () => {};
  }

  #sweep(): void {
    const now = this.#wallClock();
    for (const [id, { untilMs }] of this.#all) if (untilMs <= now) this.#all.delete(id);
  }
}

interface Held {
  holder: object | undefined;
  untilMs: number;
  fence: number;
}

/** Leases among those who share a process. */
export function memoryLeases(wallClock: () => number): Leases {
  const held = new Map<string, Held>();
  const spent = new Map<string, { since: number; count: number }>();
  return {
    async take(name) {
      const now = wallClock();
      const before = held.get(name);
      if (before?.holder !== undefined && before.untilMs > now) return undefined;
      const holder = {};
      const mine = { holder, untilMs: now + LEASE_MS, fence: (before?.fence ?? 0) + 1 };
      held.set(name, mine);
      return {
        fence: mine.fence,
        async renew() {
          if (held.get(name)?.holder !== holder) return false;
          mine.untilMs = wallClock() + LEASE_MS;
          return true;
        },
        async release() {
          if (held.get(name)?.holder === holder) held.set(name, { ...mine, holder: undefined });
        },
      };
    },
    async spend(name, most) {
      const now = wallClock();
      for (const [other, { since }] of spent) if (now - since >= HOUR_MS) spent.delete(other);
      const window = spent.get(name) ?? { since: now, count: 0 };
      if (window.count >= most) return false;
      spent.set(name, { ...window, count: window.count + 1 });
      return true;
    },
  };
}
