import { Pool } from "@warren/tunnel";

/**
 * The pools of a gateway's tunnels: each out of its cluster's, and that out of the gateway's, so that
 * a cluster with many tunnels leaves the others their part (decisions/0136).
 */
export class ClusterPools {
  /** What all tunnels together may hold. */
  readonly gateway: Pool;
  readonly #tunnelBytes: number;
  readonly #clusters = new Map<string, { pool: Pool; tunnels: number }>();

  constructor({ poolBytes, gatewayPoolBytes }: { poolBytes: number; gatewayPoolBytes: number }) {
    this.gateway = new Pool(gatewayPoolBytes);
    this.#tunnelBytes = poolBytes;
  }

  /** Clusters that have a pool now. */
  get clusters(): number {
    return this.#clusters.size;
  }

  /** A pool for a new tunnel of the cluster. */
  open(clusterUuid: string): Pool {
    let cluster = this.#clusters.get(clusterUuid);
    if (cluster === undefined) {
      // What one cluster may have is what the others leave: no number of its own is needed.
      cluster = { pool: new Pool(this.gateway.totalBytes, this.gateway), tunnels: 0 };
      this.#clusters.set(clusterUuid, cluster);
    }
    cluster.tunnels++;
    return new Pool(this.#tunnelBytes, cluster.pool);
  }

  /** A tunnel of the cluster is over; it has given everything back. */
  close(clusterUuid: string): void {
    const cluster = this.#clusters.get(clusterUuid);
    if (cluster !== undefined && --cluster.tunnels === 0) this.#clusters.delete(clusterUuid);
  }
}
