import type { Clock } from "@warren/tunnel";

/** Requests that wait for a flapping cluster are few and short: beyond this an error is kinder. */
const MOST_WAITING = 10_000;

/** How a wait ended: something changed, nothing did in time, or there was no room to wait in. */
export type Waited = "woken" | "late" | "full";

/** Where new requests wait for a cluster's tunnel to come back. Bounded. */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #byCluster = new Map<string, Set<() => void>>();
  #count = 0;

  constructor(clock: Clock, most = MOST_WAITING) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Requests that wait now. */
  get count(): number {
    return this.#count;
  }

  /** Resolves at the next sign of life of one of the clusters, or after `ms`. */
  wait(clusters: readonly string[], ms: number): Promise<Waited> {
    if (ms <= 0) return Promise.resolve("late");
    if (this.#count >= this.#most) return Promise.resolve("full");
    this.#count++;
    return new Promise((resolve) => {
      const leave = (how: Waited): void => {
        cancel();
        this.#count--;
        for (const uuid of clusters) this.#remove(uuid, wake);
        resolve(how);
      };
      const wake = (): void => leave("woken");
      const cancel = this.#clock.after(ms, () => leave("late"));
      for (const uuid of clusters) this.#add(uuid, wake);
    });
  }

  /** Something about the cluster changed: all who wait for it look again. */
  wake(clusterUuid: string): void {
    for (const wake of this.#byCluster.get(clusterUuid) ?? []) wake();
  }

  #add(uuid: string, wake: () => void): void {
    const waiting = this.#byCluster.get(uuid) ?? new Set();
    this.#byCluster.set(uuid, waiting.add(wake));
  }

  #remove(uuid: string, wake: () => void): void {
    const waiting = this.#byCluster.get(uuid);
    waiting?.delete(wake);
    if (waiting?.size === 0) this.#byCluster.delete(uuid);
  }
}
