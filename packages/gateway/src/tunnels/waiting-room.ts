import type { Clock } from "@warren/tunnel";

/** Requests that wait for a flapping cluster are few and short: beyond this an error is kinder. */
const MOST_WAITING = 10_000;

/** Where new requests wait for a cluster's tunnel to come back. */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #byCluster = new Map<string, Set<() => void>>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves true at the next sign of life of one of the clusters, false after `ms` or when full. */
  wait(clusters: readonly string[], ms: number): Promise<boolean> {
    if (ms <= 0 || this.#count >= MOST_WAITING) return Promise.resolve(false);
    this.#count++;
    return new Promise((resolve) => {
      const leave = (woken: boolean): void => {
        cancel();
        this.#count--;
        for (const uuid of clusters) this.#remove(uuid, wake);
        resolve(woken);
      };
      const wake = (): void => leave(true);
      const cancel = this.#clock.after(ms, () => leave(false));
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
