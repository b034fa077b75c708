/**
 * Whether clusters are up, out of what several observers report. Two things keep it from flapping:
 * an observer changes its mind only after several reports in a row, and a cluster is down only when
 * more than half of the observers heard of lately say so. Without evidence a cluster is up.
 */
export interface HealthOptions {
  /** Good reports in a row after which an observer takes a cluster for up again. */
  readonly rise: number;
  /** Bad reports in a row after which an observer takes a cluster for down. */
  readonly fall: number;
  /** An observer silent for longer does not count. */
  readonly staleMs: number;
}

export type Health = "up" | "down";

interface Opinion {
  health: Health;
  /** Reports in a row that contradict `health`. */
  against: number;
  heardAt: number;
}

export class HealthBook {
  readonly #options: HealthOptions;
  readonly #clusters = new Map<string, Map<string, Opinion>>();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** One observation. True when it changed the cluster's health. `nowMs` is monotonic. */
  report(clusterUuid: string, observer: string, good: boolean, nowMs: number): boolean {
    const before = this.healthOf(clusterUuid, nowMs);
    const opinions = this.#clusters.get(clusterUuid) ?? new Map<string, Opinion>();
    this.#clusters.set(clusterUuid, opinions);
    const opinion = opinions.get(observer) ?? { health: "up", against: 0, heardAt: nowMs };
    opinions.set(observer, opinion);
    this.#hear(opinion, good, nowMs);
    return this.healthOf(clusterUuid, nowMs) !== before;
  }

  healthOf(clusterUuid: string, nowMs: number): Health {
    let down = 0;
    let heard = 0;
    for (const opinion of this.#clusters.get(clusterUuid)?.values() ?? []) {
      if (nowMs - opinion.heardAt > this.#options.staleMs) continue;
      heard += 1;
      if (opinion.health === "down") down += 1;
    }
    return down * 2 > heard ? "down" : "up";
  }

  /** Drops a cluster, or one observer of all clusters. */
  forget(name: { clusterUuid: string } | { observer: string }): void {
    if ("clusterUuid" in name) this.#clusters.delete(name.clusterUuid);
    else for (const opinions of this.#clusters.values()) opinions.delete(name.observer);
  }

  #hear(opinion: Opinion, good: boolean, nowMs: number): void {
    // Coming back after a silence, it starts afresh: what it knew is not evidence any more.
    if (nowMs - opinion.heardAt > this.#options.staleMs) opinion.health = good ? "up" : "down";
    opinion.heardAt = nowMs;
    const said: Health = good ? "up" : "down";
    opinion.against = said === opinion.health ? 0 : opinion.against + 1;
    if (opinion.against < (good ? this.#options.rise : this.#options.fall)) return;
    opinion.health = said;
    opinion.against = 0;
  }
}
