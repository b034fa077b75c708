import type { Clock, Log, Metrics } from "@warren/host";
import type { Random } from "@warren/tunnel";
import type { RegisterSuccess } from "@warren/wire";
import type { KubeSettings } from "./kube-options.ts";
import type { Published } from "./published.ts";
import type { TlsSettings } from "./target.ts";
import type { Voice } from "./voice.ts";

/** What follows a Kubernetes cluster and publishes from it. */
export interface KubeSource extends AsyncDisposable {
  /** Speaks while this agent leads those of its cluster. */
  readonly voice: Voice;
  /** Nobody reaches the cluster but through the tunnel, as far as is known now. */
  readonly isPrivate: boolean;
  /** What is still waited for before requests can be led anywhere; undefined when nothing is. */
  readonly waitsFor: string | undefined;
  /** Hears when `isPrivate` or `waitsFor` changes. */
  onChange(heard: () => void): void;
  /** Whether any gateway is connected: nobody leads, and so publishes, who cannot say it. */
  connected(connected: boolean): void;
  /** The gateway that was dialled at `url` has taken this agent in. */
  registered(info: RegisterSuccess, url: string): void;
  /** What gateways at all other addresses have said is forgotten. */
  keep(urls: ReadonlySet<string>): void;
  /** Begins to follow the cluster and to publish into `published`. Returns at once; called once. */
  start(published: Published): void;
  /** Lets another agent lead, without waiting for this one's end. Silent from the turn of the call. */
  resign(): Promise<void>;
}

export interface KubeSourceDeps {
  /** This process among the agents of its cluster: holder of the Lease. */
  agentId: string;
  version: string;
  log: Log;
  metrics: Metrics;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  random: Random;
  /** How services are dialled where nothing says more. */
  tls: TlsSettings;
  connectTimeoutMs: number;
  /** URLs of the gateways that are dialled: where Ingresses are reached while no gateway gave a name. */
  gateways: readonly string[];
}

/** `openKube`, in a folder that a machine without Kubernetes never loads. */
export type OpenKube = (settings: KubeSettings, deps: KubeSourceDeps) => Promise<KubeSource>;
