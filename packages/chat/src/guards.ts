import {
  guard,
  GuardMetrics,
  type BreakerOptions,
  type Classify,
  type Guard,
  type GuardDeps,
} from "@warren/host";

/** Makes what stands between the chat and one of the services that it depends on. */
export type Guards = (name: string, breaker: BreakerOptions, classify: Classify) => Guard;

/** One for a process: all its guards share their series. */
export function chatGuards(
  deps: Omit<GuardDeps, "metrics"> & { metrics: ConstructorParameters<typeof GuardMetrics>[0] },
): Guards {
  const { clock, random, log } = deps;
  const shared = { clock, random, log, metrics: new GuardMetrics(deps.metrics) };
  return (name, breaker, classify) => guard(name, { breaker, classify }, shared);
}
