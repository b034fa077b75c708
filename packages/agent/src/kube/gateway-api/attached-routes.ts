import type { ParentOutcome } from "./outcome.ts";

/** How many routes each listener has taken (ListenerStatus.attachedRoutes). */
export class AttachedRoutes {
  /** By the Gateway's key, then by the listener's name. */
  readonly #counts = new Map<string, Map<string, number>>();

  of(gateway: string, listener: string): number {
    return this.#counts.get(gateway)?.get(listener) ?? 0;
  }

  /**
   * A route's parents are others now; gives the Gateways whose counts are. A route counts once for a
   * listener, however many references led it there.
   */
  move(before: readonly ParentOutcome[], after: readonly ParentOutcome[]): string[] {
    const was = attachmentsOf(before);
    const is = attachmentsOf(after);
    const left = [...was.difference(is)].map((one) => this.#add(one, -1));
    const come = [...is.difference(was)].map((one) => this.#add(one, 1));
    return [...left, ...come];
  }

  #add(attachment: string, change: number): string {
    const [gateway, listener] = attachment.split(" ") as [string, string];
    const counts = this.#counts.get(gateway) ?? new Map<string, number>();
    const count = this.of(gateway, listener) + change;
    if (count === 0) counts.delete(listener);
    else counts.set(listener, count);
    if (counts.size === 0) this.#counts.delete(gateway);
    else this.#counts.set(gateway, counts);
    return gateway;
  }
}

export function isTakenBy(
  parents: readonly ParentOutcome[],
  gateway: string,
  listener: string,
): boolean {
  return parents.some((one) => one.gateway === gateway && one.listeners.includes(listener));
}

function attachmentsOf(parents: readonly ParentOutcome[]): Set<string> {
  return new Set(
    parents.flatMap(({ gateway, listeners }) => listeners.map((name) => `${gateway} ${name}`)),
  );
}
