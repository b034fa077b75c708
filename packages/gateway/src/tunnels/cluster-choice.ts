import { compileFleet, type AgentBalancer, type FleetChooser, type Reason } from "@warren/fleet";
import type { Clock } from "@warren/tunnel";
import type { Errand, Matched, Registry, RouteEntry, TunnelPlace } from "../ports.ts";
import type { Links } from "./links.ts";

export interface ClusterChoiceOptions {
  gatewayId: string;
  clock: Clock;
  random: () => number;
  links: Links;
  registry: Pick<Registry, "directory" | "presence">;
  balancer: AgentBalancer;
  /** Undefined where no endpoint is dialled. */
  direct: { isUsable(entry: RouteEntry): boolean } | undefined;
  /** False for a gateway on its own: other gateways' tunnels are of no use then. */
  hasPeers: boolean;
}

/** What other gateways say is not counted in `links.version`: looked at again after this. */
const STALE_MS = 500;

interface Compiled {
  version: number;
  atMs: number;
  chooser: FleetChooser;
}

/** Which of the clusters that share a host serves a request: by affinity, else by weight. */
export class ClusterChoice {
  readonly #options: ClusterChoiceOptions;
  readonly #compiled = new WeakMap<Matched, Compiled>();

  constructor(options: ClusterChoiceOptions) {
    this.#options = options;
  }

  choose({ matched, sticky, client }: Errand): RouteEntry {
    const { entries, policy } = matched;
    if (entries.length === 1) return entries[0]!;
    if (policy.affinity === "cookie" && sticky !== undefined) {
      const kept = entries.find((entry) => this.#isNamed(sticky, entry));
      if (kept !== undefined) return kept;
    }
    const chooser = this.#chooser(matched);
    const at =
      policy.affinity === "client_ip"
        ? chooser.chooseFor(client.address)
        : chooser.choose(this.#options.random());
    return entries[at] ?? entries[0]!;
  }

  /** Every entry in the order in which it would be tried, and why. */
  why(matched: Matched): Reason[] {
    return this.#chooser(matched).why(undefined);
  }

  #isNamed(sticky: string, entry: RouteEntry): boolean {
    const { cookie } = this.#options.balancer;
    return cookie.namesCluster(sticky, entry.clusterUuid) && this.#isUp(entry);
  }

  #chooser(matched: Matched): FleetChooser {
    const { clock, links } = this.#options;
    const nowMs = clock.now();
    const known = this.#compiled.get(matched);
    if (known?.version === links.version && nowMs - known.atMs < STALE_MS) return known.chooser;
    const chooser = compileFleet({
      clusters: matched.entries.map((entry) => ({
        uuid: entry.clusterUuid,
        weight: this.#weightOf(entry.clusterUuid),
        health: this.#isUp(entry) ? ("up" as const) : ("down" as const),
        draining: false,
        place: {},
      })),
    });
    this.#compiled.set(matched, { version: links.version, atMs: nowMs, chooser });
    return chooser;
  }

  /** A new stream could leave now, from here or over another gateway. */
  #isUp(entry: RouteEntry): boolean {
    const { mode = "tunnel" } = entry.route;
    if (mode !== "direct" && this.#hasTunnel(entry.clusterUuid)) return true;
    return mode !== "tunnel" && this.#options.direct?.isUsable(entry) === true;
  }

  #hasTunnel(uuid: string): boolean {
    const { links, registry, hasPeers } = this.#options;
    const here = links.cluster(uuid);
    if (here?.ready === true) return true;
    if (!hasPeers) return false;
    const there = this.#elsewhere(uuid);
    if (there !== undefined) return there.some(({ leaving, unready }) => !leaving && !unready);
    return here === undefined && registry.presence(uuid)?.online === true;
  }

  /** A cluster's share among those that serve the same host: label `weight` of its agents, else 1. */
  #weightOf(uuid: string): number {
    const agent = this.#options.links.cluster(uuid)?.agents[0];
    return agent?.weight ?? this.#elsewhere(uuid)?.[0]?.weight ?? 1;
  }

  /** Tunnels on other gateways as far as memory knows; undefined when it does not. */
  #elsewhere(uuid: string): TunnelPlace[] | undefined {
    const { gatewayId, registry } = this.#options;
    const places = registry.directory.tunnelsOf(uuid);
    if (places instanceof Promise) return undefined;
    return places.filter((place) => place.gatewayId !== gatewayId);
  }
}
