import {
  guard,
  GuardMetrics,
  promMetrics,
  type Classify,
  type Clock,
  type Guard,
} from "@warren/host";
import { silentLog, virtualClock } from "@warren/host/testing";

/** Guards of one process that wait for nothing between two tries: chance is always 0. */
export function guards(clock: Clock = virtualClock()): (name: string, classify: Classify) => Guard {
  const metrics = new GuardMetrics(promMetrics());
  const breaker = { failures: 5, openMs: 30_000 };
  const deps = { clock: hasty(clock), random: () => 0, metrics, log: silentLog() };
  return (name, classify) => guard(name, { breaker, classify }, deps);
}

/** `clock`, but what is to come in no time comes without its being moved. */
function hasty(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    after(ms, task) {
      if (ms > 0) return clock.after(ms, task);
      const soon = setImmediate(task);
      return () => clearImmediate(soon);
    },
  };
}
