import { systemClock, type Clock } from "../clock.ts";
import { virtualClock } from "./virtual-clock.ts";

export interface LeapingClock extends Clock {
  /** Time is `ms` later at once; what was due by then has run, in order. */
  leap(ms: number): void;
}

/**
 * A clock that goes like the system's and leaps when a test says so: for the whole of a program on
 * real sockets, where most time only passes and some of it would take too long.
 */
export function leapingClock(): LeapingClock {
  const tasks = virtualClock(systemClock.now());
  let leapt = 0;
  let running = false;
  const passed = () => Math.max(tasks.now(), systemClock.now() + leapt);
  const runUntil = (time: number) => {
    running = true;
    tasks.advance(Math.max(0, time - tasks.now()));
    running = false;
  };
  return {
    // To a task it is the time for which it was set, also in the middle of a leap.
    now: () => (running ? tasks.now() : passed()),
    after(ms, task) {
      const due = (running ? tasks.now() : passed()) + ms;
      const forget = tasks.after(due - tasks.now(), task);
      // The system's timers may be early by a fraction of what they were set for.
      const forgetTimer = systemClock.after(ms, () => runUntil(Math.max(due, passed())));
      return () => {
        forget();
        forgetTimer();
      };
    },
    leap(ms) {
      leapt += ms;
      runUntil(passed());
    },
  };
}
