import type { Route } from "./route.ts";

/**
 * Routes in the order in which they get room where there is too little for all: namespaces take turns,
 * each with its oldest object's first, and so the smaller ones have all of theirs before the largest
 * has its last. What has no age, the agent's configuration, is older than all. Stable.
 */
export function inTurns<T>(all: readonly T[], routeOf: (one: T) => Route): T[] {
  const had = new Map<string, number>();
  return all
    .map((one) => ({ one, age: routeOf(one).age ?? 0, namespace: routeOf(one).namespace }))
    .sort((one, other) => one.age - other.age)
    .map(({ one, namespace }) => {
      const turn = (had.get(namespace) ?? 0) + 1;
      had.set(namespace, turn);
      return { one, turn };
    })
    .sort((one, other) => one.turn - other.turn)
    .map(({ one }) => one);
}
