import type { Clock } from "../clock.ts";

export interface VirtualClock extends Clock {
  /** Moves time; tasks run in the order of their times, also those that tasks add on the way. */
  advance(ms: number): void;
  /** Tasks that wait. */
  readonly pending: number;
}

interface Waiting {
  at: number;
  task: () => void;
}

/** A clock that stands still until a test moves it. */
export function virtualClock(startMs = 0): VirtualClock {
  let now = startMs;
  /** Sorted by time; of equal times the earlier added first. */
  const waiting: Waiting[] = [];
  return {
    now: () => now,
    after(ms, task) {
      const entry = { at: now + Math.max(0, ms), task };
      const next = waiting.findIndex((other) => other.at > entry.at);
      waiting.splice(next === -1 ? waiting.length : next, 0, entry);
      return () => {
        const index = waiting.indexOf(entry);
        if (index !== -1) waiting.splice(index, 1);
      };
    },
    advance(ms) {
      const until = now + ms;
      for (let due = waiting[0]; due !== undefined && due.at <= until; due = waiting[0]) {
        waiting.shift();
        now = due.at;
        due.task();
      }
      now = until;
    },
    get pending() {
      return waiting.length;
    },
  };
}
