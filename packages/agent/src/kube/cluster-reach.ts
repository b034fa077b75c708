import type { Clock } from "@warren/host";
import type { KubeSettings } from "../kube-options.ts";
import type { ClusterControllers } from "./cluster-controllers.ts";
import type { Reach } from "./cluster-feed.ts";
import { ClusterTypeDetector, type ClusterType } from "./cluster-type.ts";
import type { PublicEndpoint, ReachMode } from "./cluster-view.ts";

export interface ClusterReachOptions {
  controllers: Pick<ClusterControllers, "synced" | "foremost" | "onChange">;
  /** Where controllers usually are, and this agent may not look. */
  hidden: () => readonly string[];
  mode: KubeSettings["mode"];
  clock: Clock;
  /** All addresses of a name; rejects when that is not known. */
  resolve: (name: string) => Promise<readonly string[]>;
  /** Hears of what the cluster is thought to be; for the log. */
  told: (type: ClusterType) => void;
}

/** How gateways reach this cluster, live: by what is set, and by what its addresses are. */
export class ClusterReach implements Reach, Disposable {
  readonly #options: ClusterReachOptions;
  readonly #detector: ClusterTypeDetector;
  readonly #listeners = new Set<() => void>();
  readonly #stop: () => void;
  /** Of a part of the cluster nothing follows: until it is known whole, it stays undecided. */
  #isSynced = false;
  #isClosed = false;

  constructor(options: ClusterReachOptions) {
    const { controllers, clock, resolve, told } = options;
    this.#options = options;
    this.#detector = new ClusterTypeDetector({
      clock,
      resolve,
      onChange: (type) => {
        told(type);
        for (const heard of this.#listeners) heard();
      },
    });
    this.#stop = controllers.onChange(() => this.#look());
    void this.#lookOnceSynced();
  }

  get isPrivate(): boolean {
    return this.#detector.type.isPrivate;
  }

  get mode(): ReachMode {
    const { mode } = this.#options;
    if (mode !== "auto") return mode;
    // Nobody asked that what came by TLS go on over the internet in clear: the tunnel is encrypted.
    return this.isPrivate || this.endpoint?.scheme !== "https" ? "tunnel" : "both";
  }

  get endpoint(): PublicEndpoint | undefined {
    return this.#detector.type.endpoint;
  }

  onChange(heard: () => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#stop();
    this.#detector.close();
  }

  async #lookOnceSynced(): Promise<void> {
    try {
      await this.#options.controllers.synced;
    } catch {
      return; // it is being closed
    }
    this.#isSynced = true;
    this.#look();
  }

  #look(): void {
    if (!this.#isSynced || this.#isClosed) return;
    const { controllers, hidden } = this.#options;
    this.#detector.look(controllers.foremost, hidden().length > 0 ? "in part" : "everywhere");
  }
}
