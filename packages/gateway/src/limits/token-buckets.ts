import { LRUCache } from "lru-cache";
import type { Rate } from "@warren/wire";
import type { LimitRates, Limits } from "../ports.ts";
import { clientPrefix } from "./client-prefix.ts";

export interface TokenBucketsOptions {
  /** Monotonic milliseconds. */
  now: () => number;
  /** How many gateways share the traffic: each grants its part of every rate and burst. */
  gateways: number;
  /** Buckets kept of each sort; the least recently used goes first, and starts full if it returns. */
  buckets: number;
}

/**
 * A token bucket in the form of a virtual schedule (GCRA, ITU-T I.371): the time at which the bucket
 * would be full again is all there is to keep.
 */
interface Bucket {
  fullAt: number;
}
type Table = LRUCache<string, Bucket>;

/**
 * Limits in this gateway's memory. A request takes one token from each bucket that applies to it, or
 * none from any. Client buckets are per cluster, so that one tenant's visitors cost another nothing.
 */
export class TokenBuckets implements Limits {
  readonly #options: TokenBucketsOptions;
  #gateways: number;
  // Made when first needed: a gateway without limits holds none.
  #clusters: Table | undefined;
  #clients: Table | undefined;
  #routes: Table | undefined;

  constructor(options: TokenBucketsOptions) {
    this.#options = options;
    this.#gateways = Math.max(1, options.gateways);
  }

  /** Gateways come and go; what was granted before stays granted. */
  setGateways(count: number): void {
    this.#gateways = Math.max(1, count);
  }

  take(key: { clusterUuid: string; routeKey: string; address: string }, rates: LimitRates): number {
    const { cluster, client, route } = rates;
    if (cluster === undefined && client === undefined && route === undefined) return 0;
    const now = this.#options.now();
    const ofCluster = cluster && bucket((this.#clusters ??= this.#table()), key.clusterUuid);
    const ofRoute =
      route && bucket((this.#routes ??= this.#table()), `${key.clusterUuid} ${key.routeKey}`);
    const ofClient = client && bucket((this.#clients ??= this.#table()), clientKey(key, client));
    const waitMs = Math.max(
      this.#wait(ofCluster, cluster, now),
      this.#wait(ofRoute, route, now),
      this.#wait(ofClient, client, now),
    );
    if (waitMs > 0) return Math.ceil(waitMs);
    this.#charge(ofCluster, cluster, now);
    this.#charge(ofRoute, route, now);
    this.#charge(ofClient, client, now);
    return 0;
  }

  #wait(of: Bucket | undefined, rate: Rate | undefined, now: number): number {
    if (of === undefined || rate === undefined) return 0;
    const burst = Math.max(1, rate.burst / this.#gateways);
    return of.fullAt - (burst - 1) * this.#tokenMs(rate) - now;
  }

  #charge(of: Bucket | undefined, rate: Rate | undefined, now: number): void {
    if (of === undefined || rate === undefined) return;
    of.fullAt = Math.max(of.fullAt, now) + this.#tokenMs(rate);
  }

  #tokenMs(rate: Rate): number {
    return (1000 * this.#gateways) / rate.per_second;
  }

  #table(): Table {
    return new LRUCache({ max: this.#options.buckets });
  }
}

function bucket(table: Table, key: string): Bucket {
  let found = table.get(key);
  if (found === undefined) table.set(key, (found = { fullAt: Number.NEGATIVE_INFINITY }));
  return found;
}

/** Routes of one cluster that set the same client rate share its bucket; another rate is another. */
function clientKey(key: { clusterUuid: string; address: string }, rate: Rate): string {
  const client = clientPrefix(key.address);
  return `${key.clusterUuid} ${client} ${rate.per_second}/${rate.burst}`;
}
