import type { Place } from "@warren/wire";
import { AliasTable } from "./alias.ts";
import { hash32, join32, unit } from "./hash.ts";
import type { Health } from "./health.ts";

/** A cluster as the fleet sees it at one moment. */
export interface FleetCluster {
  readonly uuid: string;
  /** Share of new work relative to the others; 0 takes none while another can. */
  readonly weight: number;
  readonly health: Health;
  /** Finishes what it has and takes nothing new while another can. */
  readonly draining: boolean;
  readonly place: Place;
}
export interface FleetSnapshot {
  readonly clusters: readonly FleetCluster[];
}

/** Why a cluster stands where it does in the order. */
export type Standing = "ready" | "no_weight" | "draining" | "down";
export interface Reason {
  readonly index: number;
  readonly uuid: string;
  readonly standing: Standing;
  readonly text: string;
}

/** Worst last. The first standing that any cluster has is the only one that is chosen from. */
const ORDER: readonly Standing[] = ["ready", "no_weight", "draining", "down"];
/** Slots of the affinity table; a cluster's share is met to about 1 in 1,000. */
const SLOTS = 1024;

/**
 * Answers "where should this go" for one snapshot: indices into `snapshot.clusters`, or -1 when there
 * is none at all. `choose` and `chooseFor` take constant time and allocate nothing.
 */
export class FleetChooser {
  readonly #snapshot: FleetSnapshot;
  readonly #eligible: readonly number[];
  readonly #weighted: AliasTable | undefined;
  /** Made at the first question with a key. */
  #slots: Int32Array | undefined;

  constructor(snapshot: FleetSnapshot) {
    this.#snapshot = snapshot;
    this.#eligible = eligibleOf(snapshot.clusters);
    if (this.#eligible.length > 1) {
      this.#weighted = new AliasTable(
        this.#eligible,
        this.#eligible.map((at) => this.#weight(at)),
      );
    }
  }

  /** By weight; `point` is uniform in [0, 1). */
  choose(point: number): number {
    return this.#weighted === undefined ? (this.#eligible[0] ?? -1) : this.#weighted.pick(point);
  }

  /** The same cluster for the same key: when others come or go, only keys that must move do. */
  chooseFor(key: string): number {
    if (this.#eligible.length < 2) return this.#eligible[0] ?? -1;
    this.#slots ??= this.#fillSlots();
    return this.#slots[hash32(key) % SLOTS]!;
  }

  /**
   * Every cluster in the order in which it would be tried, with the reason. `key` is the affinity
   * key, undefined without affinity.
   */
  why(key: string | undefined): Reason[] {
    const slot = key === undefined ? undefined : hash32(key) % SLOTS;
    const score = (at: number) =>
      slot === undefined ? this.#weight(at) : slotScore(this.#cluster(at), slot, this.#weight(at));
    return [...this.#snapshot.clusters.keys()]
      .toSorted((a, b) => this.#rank(a) - this.#rank(b) || score(b) - score(a))
      .map((index, place) => this.#reason(index, key !== undefined && place === 0));
  }

  #reason(index: number, byKey: boolean): Reason {
    const cluster = this.#cluster(index);
    const standing = standingOf(cluster);
    const text = byKey ? `${TEXT[standing](cluster)}; chosen by affinity` : TEXT[standing](cluster);
    return { index, uuid: cluster.uuid, standing, text };
  }

  /** Rendezvous hashing with weights (Schindelhauer and Schomaker), once per slot. */
  #fillSlots(): Int32Array {
    return Int32Array.from({ length: SLOTS }, (_, slot) => {
      let best = -1;
      let highest = -1;
      for (const at of this.#eligible) {
        const score = slotScore(this.#cluster(at), slot, this.#weight(at));
        if (score > highest) [best, highest] = [at, score];
      }
      return best;
    });
  }

  #cluster(at: number): FleetCluster {
    return this.#snapshot.clusters[at]!;
  }

  /** Where all that is left has no weight, all are alike. */
  #weight(at: number): number {
    return this.#cluster(at).weight || 1;
  }

  #rank(at: number): number {
    return ORDER.indexOf(standingOf(this.#cluster(at)));
  }
}

export function compileFleet(snapshot: FleetSnapshot): FleetChooser {
  return new FleetChooser(snapshot);
}

const TEXT: Record<Standing, (cluster: FleetCluster) => string> = {
  ready: ({ weight }) => `healthy, weight ${weight}`,
  no_weight: () => "healthy, but its weight is 0",
  draining: () => "draining: takes nothing new while another can",
  down: () => "its observers say that it is down",
};

function standingOf({ health, draining, weight }: FleetCluster): Standing {
  if (health === "down") return "down";
  if (draining) return "draining";
  return weight > 0 ? "ready" : "no_weight";
}

/** All clusters of the best standing: a fleet that is wholly down is tried rather than given up. */
function eligibleOf(clusters: readonly FleetCluster[]): number[] {
  for (const standing of ORDER) {
    const found = [...clusters.keys()].filter((at) => standingOf(clusters[at]!) === standing);
    if (found.length > 0) return found;
  }
  return [];
}

function slotScore({ uuid }: FleetCluster, slot: number, weight: number): number {
  return -weight / Math.log(unit(join32(hash32(uuid), slot)));
}
