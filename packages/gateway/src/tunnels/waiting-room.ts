import type { Clock } from "@warren/tunnel";

export interface RoomSize {
  /** Requests in the room: beyond this an error is kinder. */
  most: number;
  /** Those of one cluster: a dead one leaves room for others. */
  perCluster: number;
}

/** How a wait ended: something changed, nothing did in time, or there was no room to wait in. */
export type Waited = "woken" | "late" | "full";

/** Where new requests wait for a cluster's tunnel to come back. Bounded, and shared fairly. */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #size: RoomSize;
  readonly #byCluster = new Map<string, Set<() => void>>();
  /** Places taken, by whose share they are of. */
  readonly #taken = new Map<string, number>();
  #count = 0;

  constructor(clock: Clock, size: RoomSize) {
    this.#clock = clock;
    this.#size = size;
  }

  /** Requests that wait now. */
  get count(): number {
    return this.#count;
  }

  /**
   * Resolves at the next sign of life of one of the clusters, or after `ms`. The place that it takes is
   * one of the first of `shares` that has any left.
   */
  wait(clusters: readonly string[], ms: number, shares = clusters): Promise<Waited> {
    if (ms <= 0) return Promise.resolve("late");
    const { most, perCluster } = this.#size;
    const share = shares.find((one) => (this.#taken.get(one) ?? 0) < perCluster);
    if (share === undefined || this.#count >= most) return Promise.resolve("full");
    this.#take(share, 1);
    return new Promise((resolve) => {
      const leave = (how: Waited): void => {
        cancel();
        this.#take(share, -1);
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

  #take(share: string, places: number): void {
    this.#count += places;
    const taken = (this.#taken.get(share) ?? 0) + places;
    if (taken === 0) this.#taken.delete(share);
    else this.#taken.set(share, taken);
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
